import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
/** The row, as somebody would write it for the Python of next year. */
const ROW = `
  'python3.99': {
    language: 'python',
    version: '3.99',
    hostPrograms: ['python3.99'],
    debianSuites: ['forky'],
    target: { abi: 'cp399', glibc: GLIBC },
  },
} as const satisfies`;

let tree: string;

/** The house with one row more, and nothing else changed. */
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'coldframe-row-'));
  cpSync(join(ROOT, 'src'), join(tree, 'src'), { recursive: true });
  for (const name of ['node_modules', 'package.json', 'runtimes']) symlinkSync(join(ROOT, name), join(tree, name));
  const table = join(tree, 'src/domain/runtimes.ts');
  const text = readFileSync(table, 'utf8');
  expect(text.split('\n} as const satisfies')).toHaveLength(2);
  writeFileSync(table, text.replace('\n} as const satisfies', ROW));
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

function run(program: string): unknown {
  const file = join(tree, 'program.ts');
  writeFileSync(file, program);
  return JSON.parse(execFileSync(process.execPath, [file], { cwd: tree, encoding: 'utf8' }));
}

test('a new runtime is one row: API, deploy checks, boot variables, shims, images and guests know it', () => {
  const known = run(`
    import { standInCode } from './src/domain/stand-in-code.ts';
    import { findHandlerFile, sourceFileName } from './src/catalog/code-check/handler-file.ts';
    import { bootProfile } from './src/domain/boot-profile.ts';
    import { shimOf } from './src/sandbox/drivers/container/container-config.ts';
    import { bootMessage } from './src/sandbox/drivers/microvm/microvm-machine.ts';
    import { readRecipe } from './src/images/image-recipe.ts';
    import { RUNTIMES } from './src/domain/names.ts';
    import { runtimeOfVersion } from './src/domain/runtimes.ts';
    const runtime = 'python3.99' as never;
    const spec = { runtime, memoryMib: 128, diskMib: 64, pidsMax: 8, cpus: 1, bootEnv: {} } as never;
    const recipe = await readRecipe({ nodePath: process.execPath, nodeVersion: '24.0.0', runtimesDir: 'runtimes', baseImage: 'b', suite: 'forky' });
    console.log(JSON.stringify({
      isListed: RUNTIMES.includes(runtime),
      ofVersion: runtimeOfVersion('python', '3.99.1'),
      standIn: Object.keys(standInCode(runtime)),
      source: sourceFileName(runtime),
      handler: findHandlerFile(runtime, 'a.b.handler', (path) => path === 'a/b.py'),
      boot: bootProfile(runtime, { PYTHONHASHSEED: '1', OWN: '2' }),
      container: shimOf(spec, 't', { bindsShow: 'over' }).command,
      guest: bootMessage(spec, { token: 't', settle: false }).command,
      image: recipe.runtimes,
    }));
  `);
  expect(known).toEqual({
    isListed: true,
    ofVersion: 'python3.99',
    standIn: ['index.py'],
    source: 'index.py',
    handler: 'a/b.py',
    boot: { PYTHONHASHSEED: '1' },
    container: ['python3', '/var/runtime/python/bootstrap.py'],
    guest: ['/usr/bin/python3', '/var/runtime/python/bootstrap.py'],
    image: ['nodejs24', 'python3.99'],
  });
});

test('a host that has the interpreter offers the new runtime', () => {
  const bin = join(tree, 'bin');
  mkdirSync(bin);
  chmodSync(tree, 0o755);
  const program = join(bin, 'python3.99');
  writeFileSync(program, `#!/bin/sh\nprintf '3.99\\n%s\\n%s\\n' '${program}' '${bin}'\n`);
  chmodSync(program, 0o755);
  const found = run(`
    import { findPythons } from './src/host/runtimes/find-python.ts';
    const found = await findPythons({ searchPath: ['${bin}'], signal: AbortSignal.timeout(30_000) });
    console.log(JSON.stringify(found.find(({ id }) => id === ('python3.99' as string)) ?? null));
  `);
  expect(found).toEqual({ id: 'python3.99', executable: program, stdlib: bin });
});

test('the house with one row more still passes the compiler', () => {
  for (const name of ['tsconfig.build.json', 'tsconfig.json']) cpSync(join(ROOT, name), join(tree, name));
  execFileSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript7/bin/tsc'), '--noEmit', '-p', 'tsconfig.build.json'],
    {
      cwd: tree,
      encoding: 'utf8',
    },
  );
});
