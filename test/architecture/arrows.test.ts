import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const depcruise = join(root, 'node_modules/.bin/depcruise');
const config = join(root, '.dependency-cruiser.cjs');
const planted = mkdtempSync(join(tmpdir(), 'coldframe-arrows-'));
afterAll(() => rmSync(planted, { recursive: true, force: true }));

interface Cruise {
  modules: { source: string }[];
  summary: { violations: { rule: { name: string }; from: string }[] };
}

function cruise(cwd: string): Cruise {
  const result = spawnSync(
    process.execPath,
    [depcruise, '--config', config, '--output-type', 'json', 'src', 'console/src'],
    {
      cwd,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return JSON.parse(result.stdout) as Cruise;
}

it('a planted violation of each kind is caught', () => {
  cpSync(join(root, 'tsconfig.json'), join(planted, 'tsconfig.json'));
  symlinkSync(join(root, 'node_modules'), join(planted, 'node_modules'));
  const plant = (path: string, text: string) => {
    mkdirSync(join(planted, path, '..'), { recursive: true });
    writeFileSync(join(planted, path), text);
  };
  plant('src/domain/a.ts', "import { b } from '../store/b.ts';\nexport const a = b;\n");
  plant('src/store/b.ts', 'export const b = 1;\n');
  plant('src/http/c.ts', "import { DatabaseSync } from 'node:sqlite';\nexport const c = DatabaseSync;\n");
  plant('src/sandbox/drivers/one/d.ts', "import { e } from '../two/e.ts';\nexport const d = e;\n");
  plant('src/sandbox/drivers/two/e.ts', 'export const e = 1;\n');
  plant('src/pool/f.ts', "import { b } from '../store/b.ts';\nexport const f = b;\n");
  plant('console/src/features/one/g.tsx', "import { h } from '../two/h.tsx';\nexport const g = h;\n");
  plant('console/src/features/two/h.tsx', "import { b } from '../../../../src/store/b.ts';\nexport const h = b;\n");
  plant('console/src/shared/i.ts', "import { h } from '../features/two/h.tsx';\nexport const i = h;\n");
  plant('console/src/shared/j.ts', "import { readFileSync } from 'node:fs';\nexport const j = readFileSync;\n");
  plant('src/http/k.ts', "import { j } from '../../console/src/shared/j.ts';\nexport const k = j;\n");
  const names = new Set(cruise(planted).summary.violations.map((violation) => violation.rule.name));
  expect([...names].sort()).toEqual([
    'console-runs-in-browsers',
    'console-talks-to-the-client-only',
    'domain-imports-nothing',
    'drivers-never-import-each-other',
    'features-never-import-each-other',
    'only-the-store-touches-sql',
    'pool-knows-only-the-contract',
    'server-never-imports-the-console',
    'shared-knows-no-feature',
  ]);
});

it('every source file was cruised and keeps the arrows', () => {
  const result = cruise(root);
  const wanted = ['src', 'console/src', '-name', '*.ts', '-o', '-name', '*.tsx'];
  const files = execFileSync('find', wanted, { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((file) => !file.startsWith('src/client/generated/'));
  const cruised = new Set(result.modules.map((module) => module.source));
  expect(files.filter((file) => !cruised.has(file))).toEqual([]);
  expect(result.summary.violations.map((violation) => `${violation.rule.name}: ${violation.from}`)).toEqual([]);
});
