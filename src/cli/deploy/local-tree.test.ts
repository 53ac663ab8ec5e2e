import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLocalTree } from './local-tree.ts';
import { whatDiffers } from './what-differs.ts';

let home: string;
let folder: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'coldframe-local-'));
  folder = join(home, 'fn');
  write('fn/index.js');
});

afterEach(() => rmSync(home, { recursive: true }));

function write(path: string, text = path): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  symlinkSync(target, join(home, path));
}

function read() {
  const { files, links, leftOut, followed, secrets } = readLocalTree(folder);
  return { paths: [...files.keys()], links: Object.fromEntries(links), leftOut, followed, secrets };
}

test('every file goes, test data and hidden ones too, with its executable bit', () => {
  for (const path of ['events/a.json', 'expected/a.json', '.hidden', 'node_modules/a/bin.js']) write(`fn/${path}`);
  chmodSync(join(folder, 'node_modules/a/bin.js'), 0o755);
  const { files, leftOut } = readLocalTree(folder);
  expect([...files.keys()]).toEqual([
    '.hidden',
    'events/a.json',
    'expected/a.json',
    'index.js',
    'node_modules/a/bin.js',
  ]);
  expect([...files].filter(([, { isExecutable }]) => isExecutable).map(([path]) => path)).toEqual([
    'node_modules/a/bin.js',
  ]);
  expect(leftOut).toEqual([]);
});

test('what stays behind is told with the rule that says so, a folder once', () => {
  for (const path of ['.git/a', '.git/b', 'lib/__pycache__/x.pyc', 'coldframe.json', 'lib/coldframe.json'])
    write(`fn/${path}`);
  write('fn/.coldframeignore', 'tests/\n*.log\n!keep.log\n');
  for (const path of ['tests/a', 'lib/tests/b', 'a.log', 'keep.log']) write(`fn/${path}`);
  mkdirSync(join(folder, 'empty'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  link('fn/gone', 'nothing');
  const { paths, leftOut } = read();
  expect(paths).toEqual(['index.js', 'keep.log', 'lib/coldframe.json']);
  expect(whatDiffers({ leftOut, followed: [] })).toEqual([
    'Left out (never deployed): .coldframeignore, .git/, coldframe.json, lib/__pycache__/',
    'Left out (.coldframeignore: *.log): a.log',
    'Left out (an empty folder): empty/',
    'Left out (a link that leads nowhere): gone',
    'Left out (.coldframeignore: tests/): lib/tests/, tests/',
    'Left out (not a file, folder or link): pipe',
  ]);
});

test('links inside stay links and stay relative, however they are written', () => {
  write('fn/lib/v1/a.js');
  link('fn/lib/current', 'v1');
  link('fn/lib/through', 'current/a.js');
  link('fn/absolute', join(folder, 'lib/v1'));
  link('fn/lib/around', '../../fn/index.js');
  link('fn/lib/self', '..');
  const { links, paths, followed } = read();
  expect(links).toEqual({
    absolute: 'lib/v1',
    'lib/around': '../index.js',
    'lib/current': 'v1',
    'lib/self': '..',
    'lib/through': 'current/a.js',
  });
  expect([paths, followed]).toEqual([['index.js', 'lib/v1/a.js'], []]);
});

test('a link out of the folder is followed and told; a way back to itself ends', () => {
  write('shared/main.js');
  write('shared/deep/b.js');
  link('shared/deep/up', '../main.js');
  link('shared/back', '../fn/node_modules');
  link('fn/node_modules/shared', '../../shared');
  link('fn/one.js', '../shared/main.js');
  link('fn/parent', '..');
  const { paths, links, leftOut, followed } = read();
  expect(paths).toEqual(['index.js', 'node_modules/shared/deep/b.js', 'node_modules/shared/main.js', 'one.js']);
  expect(links).toEqual({ 'node_modules/shared/deep/up': '../main.js' });
  expect(leftOut.map(({ path, rule }) => [path, rule])).toEqual([
    ['node_modules/shared/back', 'a link to a folder that it lies in'],
    ['parent', 'a link to a folder that it lies in'],
  ]);
  expect(followed.map(({ path }) => path)).toEqual(['node_modules/shared', 'one.js']);
});

test('files that tools keep secrets in are named, under another name too, and examples are not', () => {
  for (const path of ['.env', '.env.local', '.env.example', 'app/.npmrc', 'env.js']) write(`fn/${path}`);
  write('.npmrc');
  link('fn/config', '../.npmrc');
  expect(read().secrets).toEqual(['.env', '.env.local', 'app/.npmrc', 'config']);
});

test('a folder that holds too much is refused with what to do', () => {
  mkdirSync(join(folder, 'many'));
  for (let at = 0; at < 20_001; at++) symlinkSync('../index.js', join(folder, `many/${at}`));
  expect(() => readLocalTree(folder)).toThrow('more than 20000 files');
});
