import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { listTree, readText, zipStream } from './package-files.ts';
import { type PackageFiles, PackageStore } from './package-store.ts';
import { removePackageTree } from './remove-package-tree.ts';
import { craftZip } from './testing/craft-zip.ts';

let dataDir: string;
let packages: PackageStore;
let now = 1_000_000;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'coldframe-packages-'));
  packages = new PackageStore({ dataDir, graceMs: 1_000, now: () => now });
  await packages.start();
});

afterEach(async () => {
  await removePackageTree(dataDir);
});

const inWorkspace = () => readdir(join(dataDir, 'packages', 'default')).catch(() => []);

test('a package is stored read-only under its hash and reads back', async () => {
  const ref = await packages.putFiles('default', { 'index.js': 'code', 'lib/a.js': Buffer.from('a') });
  expect(ref).toMatchObject({ workspaceId: 'default', fileCount: 2, sizeBytes: 5 });
  expect(ref.path).toBe(join(dataDir, 'packages', 'default', ref.sha256));
  expect((await stat(join(ref.path, 'index.js'))).mode & 0o777).toBe(0o444);
  expect((await readText(ref)).files).toEqual({ 'index.js': 'code', 'lib/a.js': 'a' });
  expect(await packages.open('default', ref.sha256)).toEqual(ref);
  expect(await new PackageStore({ dataDir }).open('default', ref.sha256)).toEqual(ref);
});

test('the owner of the data directory may remove it: every folder is theirs to empty, those of earlier versions too', async () => {
  const ref = await packages.putFiles('default', { 'index.js': 'code', 'lib/deep/a.js': 'a' });
  const folders = ['.', 'lib', 'lib/deep'].map((folder) => join(ref.path, folder));
  const modes = () => Promise.all(folders.map(async (folder) => (await stat(folder)).mode & 0o777));
  expect(await modes()).toEqual([0o755, 0o755, 0o755]);
  for (const folder of folders.reverse()) await chmod(folder, 0o555);
  await new PackageStore({ dataDir }).start();
  expect(await modes()).toEqual([0o755, 0o755, 0o755]);
  await rm(dataDir, { recursive: true });
});

test('the same content has one tree, also when put many times at once; other content or names have another', async () => {
  const refs = await Promise.all(Array.from({ length: 8 }, () => packages.putFiles('default', { a: '1', b: '2' })));
  expect(new Set(refs.map((ref) => ref.sha256)).size).toBe(1);
  expect(await packages.putFiles('default', { b: '2', a: '1' })).toEqual(refs[0]);
  const others: PackageFiles[] = [{ a: '12', b: '' }, { a: '1', c: '2' }, { a: '1' }];
  for (const other of others) expect((await packages.putFiles('default', other)).sha256).not.toBe(refs[0]!.sha256);
  expect(await inWorkspace()).toHaveLength(4);
});

test('workspaces share no inodes, even for the same content', async () => {
  const one = await packages.putFiles('default', { a: '1' });
  const two = await packages.putFiles('other', { a: '1' });
  expect(two.sha256).toBe(one.sha256);
  expect((await stat(join(two.path, 'a'))).ino).not.toBe((await stat(join(one.path, 'a'))).ino);
  expect(await packages.open('third', one.sha256)).toBeNull();
});

test.each([
  ['../a'],
  ['a/../../b'],
  ['/etc/passwd'],
  ['C:/x'],
  ['a\\b'],
  ['a\0b'],
  ['a\nb'],
  [''],
  ['a//b'],
  ['./a'],
  ['a/'],
  ['x'.repeat(256)],
  [`${'d/'.repeat(40)}x`],
  ['\ud800'],
])('a file named %j is refused and nothing is left', async (path) => {
  await expect(packages.putFiles('default', { ok: '1', [path]: 'x' })).rejects.toMatchObject({
    code: 'invalid_code',
    errors: [{ message: expect.any(String) }],
  });
  expect(await inWorkspace()).toEqual([]);
});

test('a name that is a file and a folder is refused in either order', async () => {
  for (const files of [
    { a: '1', 'a/b': '2' },
    { 'a/b': '2', a: '1' },
  ]) {
    await expect(packages.putFiles('default', files)).rejects.toMatchObject({ code: 'invalid_code' });
  }
  expect(await inWorkspace()).toEqual([]);
});

test('a package without files is refused', async () => {
  await expect(packages.putFiles('default', {})).rejects.toMatchObject({ code: 'invalid_code' });
});

test('names that differ in case only are two files, and __proto__ is a name like any other', async () => {
  const files = JSON.parse('{"A.js": "1", "a.js": "2", "__proto__": "3"}') as Record<string, string>;
  const ref = await packages.putFiles('default', files);
  expect(JSON.stringify((await readText(ref)).files)).toBe('{"A.js":"1","__proto__":"3","a.js":"2"}');
});

test('an aborted put leaves nothing', async () => {
  const abort = AbortSignal.abort();
  await expect(packages.putFiles('default', { a: '1' }, abort)).rejects.toThrow();
  expect(await inWorkspace()).toEqual([]);
});

test('a full disk is storage_full and leaves nothing', async () => {
  const content = Buffer.from('x');
  Object.defineProperty(content, 'byteLength', {
    get() {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  });
  await expect(packages.putFiles('default', { a: content })).rejects.toMatchObject({ code: 'storage_full' });
  expect(await inWorkspace()).toEqual([]);
});

test('what a killed server left half-made is gone after the next start', async () => {
  const script = `import { PackageStore } from ${JSON.stringify(new URL('./package-store.ts', import.meta.url).href)};
    const store = new PackageStore({ dataDir: ${JSON.stringify(dataDir)} });
    const files = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => ['d' + i + '/f', 'x']));
    store.putFiles('default', files);
    setInterval(() => console.log('.'), 20);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await inWorkspace()).toEqual([expect.stringMatching(/^\.staging-/)]);
  expect(await new PackageStore({ dataDir }).start()).toBe(1);
  expect(await inWorkspace()).toEqual([]);
});

test('collect removes a package only after two looks and the grace time, and never one that is named', async () => {
  const old = await packages.putFiles('default', { a: 'old' });
  const kept = await packages.putFiles('default', { a: 'kept' });
  const keep = async () => [kept.sha256];
  expect(await packages.collect('default', keep)).toBe(0);
  now += 999;
  expect(await packages.collect('default', keep)).toBe(0);
  now += 1;
  expect(await packages.collect('default', keep)).toBe(1);
  expect(await packages.open('default', old.sha256)).toBeNull();
  expect(await packages.open('default', kept.sha256)).toEqual(kept);
  expect(await inWorkspace()).toEqual([kept.sha256]);
});

test('a package put or named again between the looks is kept', async () => {
  const ref = await packages.putFiles('default', { a: '1' });
  await packages.collect('default', async () => []);
  now += 2_000;
  await packages.putFiles('default', { a: '1' });
  expect(await packages.collect('default', async () => [])).toBe(0);
  now += 2_000;
  let looks = 0;
  expect(await packages.collect('default', async () => (looks++ === 0 ? [] : [ref.sha256]))).toBe(0);
  expect(await packages.open('default', ref.sha256)).toEqual(ref);
});

test('a put that meets the removal of the same content ends with a whole package', async () => {
  for (let round = 0; round < 20; round++) {
    await packages.putFiles('default', { a: 'same' });
    await packages.collect('default', async () => []);
    now += 2_000;
    const [ref] = await Promise.all([
      packages.putFiles('default', { a: 'same' }),
      packages.collect('default', async () => []),
    ]);
    expect((await readText(ref)).files).toEqual({ a: 'same' });
  }
  expect(await inWorkspace()).toHaveLength(1);
});

test('a binary is no JSON, but always a zip that puts back to the same hash', async () => {
  const ref = await packages.putFiles('default', { 'a.bin': Buffer.from([0, 1, 2, 255]), 'b.txt': 'text' });
  expect(await readText(ref)).toEqual({
    files: { 'b.txt': 'text' },
    binaryFiles: [{ path: 'a.bin', sizeBytes: 4 }],
    executableFiles: [],
    links: [],
  });
  const first = await buffer(await zipStream(ref));
  expect((await buffer(await zipStream(ref))).equals(first)).toBe(true);
  const zipPath = join(dataDir, 'again.zip');
  await writeFile(zipPath, first);
  expect(await packages.putZip('default', zipPath)).toEqual(ref);
});

test('the executable bit is part of the hash and survives', async () => {
  const plain = await packages.putFiles('default', { run: '#!/bin/sh\n' });
  await chmod(join(plain.path, 'run'), 0o555);
  const zipPath = join(dataDir, 'x.zip');
  await writeFile(zipPath, await buffer(await zipStream(plain)));
  const executable = await packages.putZip('default', zipPath);
  expect(executable.sha256).not.toBe(plain.sha256);
  expect((await listTree(executable)).files).toEqual([{ path: 'run', sizeBytes: 10, executable: true }]);
  expect(await readFile(join(executable.path, 'run'), 'utf8')).toBe('#!/bin/sh\n');
});

test('a workspace id or hash that could leave the folder is never used as a path', async () => {
  await expect(packages.putFiles('../x', { a: '1' })).rejects.toThrow('not a workspace id');
  expect(await packages.open('default', '../../etc')).toBeNull();
});

test('changes are put over a package: what they do not name stays as it is, executable bit and bytes', async () => {
  const binary = Buffer.from([0, 255, 0]);
  const plain = await packages.putFiles('default', { 'index.js': 'old', 'lib/a.js': 'a', 'icon.png': binary });
  const base = await packages.putZip('default', await zipWithExecutable(plain, 'icon.png'));
  const next = await packages.putChanges(base, {
    'index.js': 'new',
    'lib/a.js': null,
    'lib/b.js': 'b',
    'never.js': null,
  });
  expect((await readText(next)).files).toEqual({ 'index.js': 'new', 'lib/b.js': 'b' });
  expect((await listTree(next)).files.find(({ path }) => path === 'icon.png')).toMatchObject({
    sizeBytes: 3,
    executable: true,
  });
  const text = await packages.putZip('default', await zipWithExecutable(plain, 'index.js'));
  const edited = await packages.putChanges(text, { 'index.js': 'new' });
  expect(await readText(edited)).toMatchObject({ files: { 'index.js': 'new' }, executableFiles: ['index.js'] });
  expect(await packages.putChanges(next, { 'index.js': 'old', 'lib/a.js': 'a', 'lib/b.js': null })).toEqual(base);
});

test('I7: changes that take everything away, leave the package or turn a file into a folder are refused, and nothing is left', async () => {
  const base = await packages.putFiles('default', { 'index.js': 'x' });
  const refused: Record<string, string | null>[] = [
    { 'index.js': null },
    { '../out.js': 'x' },
    { 'index.js': 'x', 'index.js/inner.js': 'x' },
  ];
  for (const changes of refused)
    await expect(packages.putChanges(base, changes)).rejects.toMatchObject({ code: 'invalid_code' });
  expect(await inWorkspace()).toEqual([base.sha256]);
});

test('links are part of the hash, stay through changes and a download, and give way to a text of their name', async () => {
  const entries = [
    { name: 'node_modules/.store/a@1/index.js', data: 'a' },
    { name: 'node_modules/a', data: '.store/a@1', mode: 0o120777 },
    { name: 'index.js', data: 'x' },
  ];
  const put = async (zip: Buffer) => {
    const zipPath = join(dataDir, 'links.zip');
    await writeFile(zipPath, zip);
    return packages.putZip('default', zipPath);
  };
  const linked = await put(craftZip(entries));
  const links = [{ path: 'node_modules/a', target: '.store/a@1' }];
  expect(await readText(linked)).toMatchObject({ links, binaryFiles: [] });
  expect(linked).toMatchObject({ fileCount: 3, sizeBytes: 12 });
  expect(await new PackageStore({ dataDir }).open('default', linked.sha256)).toEqual(linked);
  expect(await put(await buffer(await zipStream(linked)))).toEqual(linked);
  const asText = await packages.putFiles('default', {
    ...(await readText(linked)).files,
    'node_modules/a': '.store/a@1',
  });
  const elsewhere = await put(craftZip(entries.map((one) => (one.mode ? { ...one, data: '.store' } : one))));
  expect(new Set([linked.sha256, asText.sha256, elsewhere.sha256]).size).toBe(3);
  expect(await readText(await packages.putChanges(linked, { 'index.js': 'y' }))).toMatchObject({ links });
  expect((await readText(await packages.putChanges(linked, { 'node_modules/a': 'text' }))).links).toEqual([]);
  expect((await readText(await packages.putChanges(linked, { 'node_modules/a': null }))).links).toEqual([]);
  const below = packages.putChanges(linked, { 'node_modules/a/planted.js': 'z' });
  await expect(below).rejects.toMatchObject({ code: 'invalid_code' });
  expect(await readdir(join(linked.path, 'node_modules/.store/a@1'))).toEqual(['index.js']);
});

async function zipWithExecutable(ref: { path: string }, executable: string): Promise<string> {
  const zip = new ZipFile();
  for (const { path } of (await listTree(ref)).files)
    zip.addFile(join(ref.path, path), path, { mode: path === executable ? 0o100755 : 0o100644 });
  zip.end();
  const zipPath = join(dataDir, 'executable.zip');
  await writeFile(zipPath, await buffer(zip.outputStream));
  return zipPath;
}
