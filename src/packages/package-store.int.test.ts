import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageStore } from './package-store.ts';
import { craftZip } from './testing/craft-zip.ts';

/** A disk of 256 KiB needs a mount, so root. */
let dataDir: string;
let isMounted = false;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'coldframe-full-'));
  isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,nr_inodes=64', 'tmpfs', dataDir]).status === 0;
});

afterAll(async () => {
  if (isMounted) spawnSync('umount', [dataDir]);
  await rm(dataDir, { recursive: true });
});

test('a disk without space or inodes refuses with storage_full, leaves nothing, and serves again afterwards', async (context) => {
  if (!isMounted) context.skip('needs root: a small tmpfs is mounted');
  const packages = new PackageStore({ dataDir });
  await packages.start();
  const zipPath = join(dataDir, 'upload.zip');
  await writeFile(zipPath, craftZip([{ name: 'a', data: Buffer.alloc(4_000_000, 'abc'), method: 8 }]));
  const manyFiles = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, '']));
  for (const put of [
    () => packages.putFiles('default', { a: 'x'.repeat(300_000) }),
    () => packages.putFiles('default', manyFiles),
    () => packages.putZip('default', zipPath),
  ]) {
    await expect(put()).rejects.toMatchObject({ code: 'storage_full' });
  }
  expect(await readdir(join(dataDir, 'packages', 'default'))).toEqual([]);
  expect(await packages.putFiles('default', { a: '1' })).toMatchObject({ fileCount: 1 });
});
