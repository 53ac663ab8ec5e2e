import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const depcruise = join(root, 'node_modules/.bin/depcruise');
const configPath = join(root, '.dependency-cruiser.cjs');
const config = createRequire(import.meta.url)(configPath) as {
  forbidden: { name: string }[];
  MAY_IMPORT: Record<string, string[]>;
};
const { MAY_IMPORT } = config;
const planted = mkdtempSync(join(tmpdir(), 'coldframe-arrows-'));
afterAll(() => rmSync(planted, { recursive: true, force: true }));

interface Cruise {
  modules: { source: string }[];
  summary: { violations: { rule: { name: string }; from: string }[] };
}

function cruise(cwd: string): Cruise {
  const result = spawnSync(
    process.execPath,
    [depcruise, '--config', configPath, '--output-type', 'json', 'src', 'console/src'],
    {
      cwd,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return JSON.parse(result.stdout) as Cruise;
}

const EMPTY = { 'console/src/empty.ts': 'export {};\n', 'src/domain/empty.ts': 'export {};\n' };

/** Lays a tree with nothing in it but `files`, and cruises it. */
function plantAndCruise(files: Record<string, string>): Cruise {
  const tree = mkdtempSync(join(planted, 'tree-'));
  for (const name of ['tsconfig.json', 'package.json']) cpSync(join(root, name), join(tree, name));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const [path, text] of Object.entries({ ...EMPTY, ...files })) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  return cruise(tree);
}

function violations(result: Cruise): string[] {
  return result.summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`).sort();
}

it('an arrow between any two rooms that may not know each other is refused', () => {
  const rooms = Object.keys(MAY_IMPORT);
  const files: Record<string, string> = {};
  const expected: string[] = [];
  for (const room of rooms) files[`src/${room}/target.ts`] = 'export const target = 1;\n';
  for (const from of rooms) {
    for (const to of rooms) {
      if (from === to || MAY_IMPORT[from]?.includes(to)) continue;
      const path = `src/${from}/from-${from.replace('/', '-')}-to-${to.replace('/', '-')}.ts`;
      const target = relative(dirname(path), `src/${to}/target.ts`);
      files[path] =
        `import { target } from '${target.startsWith('.') ? target : `./${target}`}';\nexport const x = target;\n`;
      expected.push(`${from}-imports-only-what-it-may: ${path}`);
    }
  }
  const found = violations(plantAndCruise(files)).filter((line) => line.includes('-imports-only-what-it-may'));
  expect(found).toEqual(expected.sort());
});

it('the listed arrows run one way only', () => {
  const seen = new Set<string>();
  for (const [room, others] of Object.entries(MAY_IMPORT)) {
    for (const other of others) expect(seen, `${room} imports ${other}, which is listed below it`).toContain(other);
    seen.add(room);
  }
});

/** A tree for each of the other rules, and the file in it that breaks the rule. */
const value = 'export const target = 1;\n';
const takes = (path: string) => `import { target } from '${path}';\nexport const x = target;\n`;
const takesType = (path: string) => `import type { target } from '${path}';\nexport type X = typeof target;\n`;
const OTHER_RULES: Record<string, { files: Record<string, string>; from: string }> = {
  'no-circles': {
    files: {
      'src/invoke/a.ts': `${takesType('./b.ts')}export const target = 1;\n`,
      'src/invoke/b.ts': `${takesType('./a.ts')}export const target = 1;\n`,
    },
    from: 'src/invoke/a.ts',
  },
  'rooms-are-listed': {
    files: { 'src/utils/a.ts': takes('../domain/b.ts'), 'src/domain/b.ts': value },
    from: 'src/utils/a.ts',
  },
  'domain-imports-nothing': {
    files: { 'src/domain/a.ts': "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n" },
    from: 'src/domain/a.ts',
  },
  'drivers-never-import-each-other': {
    files: { 'src/sandbox/drivers/one/a.ts': takes('../two/b.ts'), 'src/sandbox/drivers/two/b.ts': value },
    from: 'src/sandbox/drivers/one/a.ts',
  },
  'invoke-sees-of-pool-and-records-their-types': {
    files: { 'src/invoke/a.ts': takes('../pool/pool.ts'), 'src/pool/pool.ts': value },
    from: 'src/invoke/a.ts',
  },
  'compare-sees-of-the-pool-its-classes': {
    files: { 'src/compare/a.ts': takes('../pool/pool.ts'), 'src/pool/pool.ts': value },
    from: 'src/compare/a.ts',
  },
  'http-sees-of-its-neighbours-their-types': {
    files: { 'src/http/a.ts': takes('../catalog/b.ts'), 'src/catalog/b.ts': value },
    from: 'src/http/a.ts',
  },
  'only-the-store-touches-sql': {
    files: { 'src/http/a.ts': "import { DatabaseSync } from 'node:sqlite';\nexport const x = DatabaseSync;\n" },
    from: 'src/http/a.ts',
  },
  'only-the-engine-touches-sqlite': {
    files: { 'src/store/control/a.ts': takes('../sqlite/b.ts'), 'src/store/sqlite/b.ts': value },
    from: 'src/store/control/a.ts',
  },
  'workspaces-come-from-authorisation': {
    files: { 'src/http/a.ts': takes('../domain/default-workspace.ts'), 'src/domain/default-workspace.ts': value },
    from: 'src/http/a.ts',
  },
  'only-up-imports-main': {
    files: { 'src/cli/doctor/a.ts': takes('../../main.ts'), 'src/main.ts': value },
    from: 'src/cli/doctor/a.ts',
  },
  'features-never-import-each-other': {
    files: { 'console/src/features/one/a.tsx': takes('../two/b.tsx'), 'console/src/features/two/b.tsx': value },
    from: 'console/src/features/one/a.tsx',
  },
  'shared-knows-no-feature': {
    files: { 'console/src/shared/a.ts': takes('../features/two/b.tsx'), 'console/src/features/two/b.tsx': value },
    from: 'console/src/shared/a.ts',
  },
  'console-talks-to-the-client-only': {
    files: { 'console/src/shared/a.ts': takes('../../../src/store/b.ts'), 'src/store/b.ts': value },
    from: 'console/src/shared/a.ts',
  },
  'console-runs-in-browsers': {
    files: { 'console/src/shared/a.ts': "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n" },
    from: 'console/src/shared/a.ts',
  },
  'server-never-imports-the-console': {
    files: { 'src/http/a.ts': takes('../../console/src/b.ts'), 'console/src/b.ts': value },
    from: 'src/http/a.ts',
  },
  'nothing-unresolved': { files: { 'src/http/a.ts': takes('./missing.ts') }, from: 'src/http/a.ts' },
  'no-dev-packages-at-run-time': {
    files: { 'src/http/a.ts': "import { expect } from 'vitest';\nexport const x = expect;\n" },
    from: 'src/http/a.ts',
  },
};

it.each(Object.keys(OTHER_RULES))('%s: a planted violation is caught', (rule) => {
  const { files, from } = OTHER_RULES[rule]!;
  expect(violations(plantAndCruise(files))).toContain(`${rule}: ${from}`);
});

it('every rule has a planted violation', () => {
  const roomRules = Object.keys(MAY_IMPORT).map((room) => `${room}-imports-only-what-it-may`);
  expect(config.forbidden.map(({ name }) => name).sort()).toEqual([...roomRules, ...Object.keys(OTHER_RULES)].sort());
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
  expect(violations(result)).toEqual([]);
});
