import { constants, existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuntimeId } from '../../domain/names.ts';
import { PackageStore } from '../../packages/package-store.ts';
import { removePackageTree } from '../../packages/remove-package-tree.ts';
import { MEMORY_MAX_MIB } from './checker-limits.ts';
import { CodeCheck } from './code-check.ts';
import { findHandlerFile } from './handler-file.ts';

const PYTHON = ['/usr/bin/python3.11', '/usr/bin/python3'].find((path) => existsSync(path)) ?? null;

let dataDir: string;
let packages: PackageStore;
let codeCheck: CodeCheck;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'coldframe-check-'));
  packages = new PackageStore({ dataDir });
  await packages.start();
  codeCheck = new CodeCheck({ pythonFor: () => PYTHON });
  codeCheck.start();
});

afterAll(async () => {
  await codeCheck.stop();
  await removePackageTree(dataDir);
});

async function check(files: Record<string, string>, handler = 'index.handler', runtime: RuntimeId = 'nodejs24') {
  await codeCheck.check(await packages.putFiles('default', files), runtime, handler);
}

async function errorsOf(files: Record<string, string>, handler?: string, runtime?: RuntimeId) {
  const error = await check(files, handler, runtime).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'syntax_error' });
  return (error as { errors: unknown[] }).errors;
}

describe('the handler names a file', () => {
  test.each<[RuntimeId, string, string]>([
    ['nodejs24', 'index.handler', 'index.js'],
    ['nodejs24', 'index.handler', 'index.mjs'],
    ['nodejs24', 'index.handler', 'index.cjs'],
    ['nodejs24', 'src/app.a.b', 'src/app.js'],
    ['nodejs24', 'app.handler', 'app/index.js'],
    ['nodejs24', 'app.handler', 'app/package.json'],
    ['nodejs24', 'wrapper.handler', 'node_modules/wrapper/index.js'],
    ['nodejs24', 'wrapper/dist/app.handler', 'node_modules/wrapper/dist/app.mjs'],
    ['nodejs24', 'wrapper/app.handler', 'node_modules/wrapper/package.json'],
    ['nodejs24', '@scope/wrapper/app.handler', 'node_modules/@scope/wrapper/package.json'],
    ['python3.11', 'index.handler', 'index.py'],
    ['python3.11', 'pkg/mod.func', 'pkg/mod.py'],
    ['python3.11', 'pkg.mod.func', 'pkg/mod.py'],
    ['python3.11', 'pkg.func', 'pkg/__init__.py'],
  ])('%s %s is %s', (runtime, handler, file) => {
    expect(findHandlerFile(runtime, handler, (path) => path === file)).toBe(file);
  });

  test.each([
    ['handler'],
    [''],
    ['.handler'],
    ['index.'],
    ['../index.handler'],
    ['/etc/passwd.x'],
    ['a\\b.c'],
    ['a\0.b'],
    ['other.handler'],
  ])('%j is invalid_handler', (handler) => {
    for (const runtime of ['nodejs24', 'python3.11'] as const) {
      expect(() => findHandlerFile(runtime, handler, (path) => path.startsWith('index'))).toThrow(
        expect.objectContaining({ code: 'invalid_handler' }),
      );
    }
  });
});

describe('JavaScript', () => {
  test.each([
    ['a module', { 'index.js': 'export const handler = async () => 1;' }],
    ['CommonJS', { 'index.js': 'exports.handler = () => 1; return;' }],
    ['top-level await', { 'index.js': 'const a = await 1; export const handler = () => a;' }],
    ['top-level await without exports', { 'index.mjs': 'await 1;' }],
    ['a hashbang', { 'index.js': '#!/usr/bin/env node\nexports.handler = () => 1;' }],
    ['imports that are not in the package', { 'index.js': 'import "./gone.js"; import x from "y"; export { x };' }],
    ['broken files that nothing imports', { 'index.js': 'exports.handler = 1', 'templates/a.js': '{{ not code' }],
    ['type module', { 'index.js': 'export const handler = 1', 'package.json': '{"type": "module"}' }],
    ['a broken package.json', { 'index.js': 'export const handler = 1', 'package.json': '{' }],
  ])('%s parses', async (_, files) => {
    await check(files);
  });

  test.each<[string, Record<string, string>, string, string]>([
    ['a module', { 'index.js': 'export const a = 1;\n\nconst b = ;\n' }, 'index.js', "line 3: Unexpected token ';'"],
    ['CommonJS', { 'index.js': 'exports.a = 1;\nconst b = ;\n' }, 'index.js', "line 2: Unexpected token ';'"],
    ['.mjs', { 'index.mjs': '\nexport const = 1' }, 'index.mjs', "line 2: Unexpected token '='"],
    ['export in .cjs', { 'index.cjs': '\nexport const a = 1' }, 'index.cjs', "line 2: Unexpected token 'export'"],
    [
      'export in a package of type commonjs',
      { 'index.js': 'export const a = 1', 'package.json': '{"type": "commonjs"}' },
      'index.js',
      "line 1: Unexpected token 'export'",
    ],
    [
      'an imported file',
      { 'index.js': 'import { x } from "./lib/x.js";\nexport const handler = x;', 'lib/x.js': 'export const x = (;' },
      'lib/x.js',
      "line 1: Unexpected token ';'",
    ],
    [
      'a required file',
      { 'index.js': 'const x = require("./x");\nexports.handler = x;', 'x.js': 'let a;\nlet a;' },
      'x.js',
      "line 2: Identifier 'a' has already been declared",
    ],
    [
      'an error inside a function never called',
      { 'index.js': 'function f() {\n  let x = 08n;\n}' },
      'index.js',
      'line 2: ',
    ],
  ])('a syntax error in %s names file and line', async (_, files, path, message) => {
    expect(await errorsOf(files)).toEqual([{ path, message: expect.stringContaining(message) }]);
  });

  test('code is compiled and never run', async () => {
    const key = 'coldframeCodeCheckRan';
    const code = `globalThis.${key} = true; process.exit(3); require('fs').writeFileSync('${dataDir}/ran', '');`;
    await check({ 'index.js': code });
    await check({ 'index.js': `import fs from 'node:fs'; ${code.replace("require('fs')", 'fs')} export default 1;` });
    expect(existsSync(join(dataDir, 'ran'))).toBe(false);
    expect(key in globalThis).toBe(false);
  });

  test('nesting without end is a syntax error, and the checker goes on working', async () => {
    const deep = '['.repeat(200_000);
    expect(await errorsOf({ 'index.js': deep })).toHaveLength(1);
    await check({ 'index.js': 'exports.handler = 1' });
  });

  test('a file too large for the thread is checked by a process', async () => {
    const filler = `/* ${'x'.repeat(600_000)} */\n`;
    await check({ 'index.js': `${filler}export const handler = 1;` });
    expect(await errorsOf({ 'index.js': `${filler}exports.handler = ;` })).toEqual([
      { path: 'index.js', message: expect.stringMatching(/^line 2: /) },
    ]);
  });

  test('checks at once do not mix their answers', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        check({ 'index.js': i % 2 ? `exports.a = ${i}` : `exports.a = ${i} ;;; )` }),
      ),
    );
    expect(results.map((one) => one.status === 'fulfilled')).toEqual(results.map((_, i) => i % 2 === 1));
  });
});

describe.skipIf(PYTHON === null)('Python (needs python)', () => {
  const python = (files: Record<string, string>) => check(files, 'index.handler', 'python3.11');

  test('good code parses and is not run', async () => {
    await python({
      'index.py': `open(${JSON.stringify(`${dataDir}/ran`)}, 'w')\ndef handler(event, context):\n    return 1\n`,
    });
    await python({ 'index.py': 'import os, gone\nfrom . import x\nasync def handler(e, c):\n    await x()\n' });
    expect(existsSync(join(dataDir, 'ran'))).toBe(false);
  });

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['the handler', { 'index.py': 'def handler(event, context):\n  return (\n' }, 'index.py', /^line 2: .+/],
    ['an indent', { 'index.py': 'def handler():\nreturn 1\n' }, 'index.py', /^line 2: expected an indented block/],
    ['return outside', { 'index.py': 'x = 1\nreturn x\n' }, 'index.py', /^line 2: 'return' outside function/],
    [
      'an imported file',
      { 'index.py': 'import lib.a\n', 'lib/a.py': '\n\nx = = 1' },
      'lib/a.py',
      /^line 3: invalid syntax/,
    ],
    ['a relative one', { 'pkg/index.py': 'from .b import c\n', 'pkg/b.py': 'c = )' }, 'pkg/b.py', /^line 1: unmatched/],
    ['null bytes', { 'index.py': 'x = 1\0' }, 'index.py', /^line 1: .*null bytes/],
    ['endless nesting', { 'index.py': `x = ${'('.repeat(5_000)}` }, 'index.py', /^line 1: .+/],
  ])('a syntax error in %s names file and line', async (_, files, path, message) => {
    const handler = files['index.py'] === undefined ? 'pkg/index.handler' : 'index.handler';
    expect(await errorsOf(files, handler, 'python3.11')).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  test('source that would take gigabytes to compile is refused', async () => {
    const folded = Array.from({ length: 90_000 }, (_, i) => `a${i} = (b'x' * 4096) + (b'y' * 4096)\n`).join('');
    expect(await errorsOf({ 'index.py': folded }, 'index.handler', 'python3.11')).toEqual([
      { path: 'index.py', message: expect.stringContaining(`more than ${MEMORY_MAX_MIB} MiB`) },
    ]);
  }, 60_000);

  test('an interpreter that is not there finds nothing', async () => {
    const without = new CodeCheck({ pythonFor: () => '/nowhere/python3' });
    await without.check(await packages.putFiles('default', { 'index.py': '(' }), 'python3.11', 'index.handler');
    await without.stop();
  });
});

test.skipIf(process.getuid?.() !== 0)('a checker its user may not run still finds the line (needs root)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coldframe-private-'));
  await copyFile(process.execPath, join(folder, 'node'), constants.COPYFILE_FICLONE);
  const childUser = { uid: 649_999, gid: 649_999 };
  const strict = new CodeCheck({ pythonFor: () => null, nodePath: join(folder, 'node'), childUser });
  const ref = await packages.putFiles('default', { 'index.mjs': '\n\nexport const = 2;' });
  const refused = expect(strict.check(ref, 'nodejs24', 'index.handler')).rejects;
  await refused.toMatchObject({ errors: [{ path: 'index.mjs', message: "line 3: Unexpected token '='" }] });
  await strict.stop();
  await rm(folder, { recursive: true });
});
