import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run bench -- <scenario> [--isolation docker]`: one command per scenario; without a name it lists them, `all` runs all. */
const SCENARIOS = readdirSync(join(import.meta.dirname, 'scenarios')).map((file) => file.replace(/\.ts$/, ''));
const [name, ...rest] = process.argv.slice(2);
const isolation =
  rest[rest.indexOf('--isolation') + 1] && rest.includes('--isolation')
    ? rest[rest.indexOf('--isolation') + 1]!
    : 'docker';

if (name === undefined || (name !== 'all' && !SCENARIOS.includes(name))) {
  process.stderr.write(
    `usage: npm run bench -- <scenario> [--isolation docker]\nscenarios: ${SCENARIOS.join(', ')}, all\n`,
  );
  process.exit(2);
}
for (const scenario of name === 'all' ? SCENARIOS : [name]) {
  const module = (await import(join(import.meta.dirname, 'scenarios', `${scenario}.ts`))) as {
    run(options: { isolation: string; quick: boolean }): Promise<void>;
  };
  await module.run({ isolation, quick: rest.includes('--quick') });
}
process.exit(0);
