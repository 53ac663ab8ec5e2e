import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** `npm run check`: format, lint, types, arrows, generated files. Prints each step; exits 1 when any fails. */
const ROOT = resolve(import.meta.dirname, '..');
const STEPS: { name: string; command: string[] }[] = [
  {
    name: 'format and lint',
    command: ['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--error-on-warnings', '.'],
  },
  { name: 'types', command: ['node_modules/typescript7/bin/tsc', '-p', '.'] },
  { name: 'types of the console', command: ['node_modules/typescript7/bin/tsc', '-p', 'console'] },
  {
    name: 'types of its unit tests',
    command: ['node_modules/typescript7/bin/tsc', '-p', 'console/tsconfig.tests.json'],
  },
  { name: 'types of its browser tests', command: ['node_modules/typescript7/bin/tsc', '-p', 'test/console'] },
  {
    name: 'dependency arrows',
    command: ['node_modules/.bin/depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'console/src'],
  },
  { name: 'generated files in step', command: ['scripts/generate.ts', '--check'] },
];

let failed = 0;
for (const step of STEPS) {
  const result = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...step.command], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  const isOk = result.status === 0;
  process.stdout.write(`${isOk ? ' ok ' : 'FAIL'} ${step.name}\n`);
  if (!isOk) {
    failed++;
    process.stdout.write(`${result.stdout}${result.stderr}\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);
