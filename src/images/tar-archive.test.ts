import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tarArchive } from './tar-archive.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cf-tar-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function bytesOf(entries: Parameters<typeof tarArchive>[0]): Promise<Buffer> {
  return Buffer.concat((await tarArchive(entries).toArray()) as Buffer[]);
}

test('tar unpacks what was packed: folders, modes, sizes around a block, files of the host', async () => {
  const big = Buffer.alloc(3_000_000, 'x');
  writeFileSync(join(directory, 'big'), big);
  const archive = tarArchive([
    { name: 'empty', mode: 0o644, content: new Uint8Array(0) },
    { name: 'a/b/block', mode: 0o755, content: Buffer.alloc(512, 'b') },
    { name: 'a/past', mode: 0o600, content: Buffer.alloc(513, 'p') },
    { name: 'big', mode: 0o644, content: { path: join(directory, 'big'), sizeBytes: big.length } },
  ]);
  const child = execFile('tar', ['-x', '-C', directory, '--one-top-level=out']);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await pipeline(archive, child.stdin!);
  expect(await exited).toBe(0);
  expect(readFileSync(join(directory, 'out/big')).equals(big)).toBe(true);
  expect(readFileSync(join(directory, 'out/a/past'), 'utf8')).toBe('p'.repeat(513));
  expect(statSync(join(directory, 'out/a/b/block')).mode & 0o777).toBe(0o755);
  expect(statSync(join(directory, 'out/empty')).size).toBe(0);
});

test('equal content gives equal bytes, so that equal layers are shared', async () => {
  const entries = [{ name: 'a', mode: 0o644, content: Buffer.from('a') }];
  expect((await bytesOf(entries)).equals(await bytesOf(entries))).toBe(true);
});

test('a file that changes while it is read fails the archive', async () => {
  writeFileSync(join(directory, 'f'), 'four');
  const entry = { name: 'f', mode: 0o644, content: { path: join(directory, 'f'), sizeBytes: 3 } };
  await expect(bytesOf([entry])).rejects.toThrow('changed its size');
});

test('a name too long for its field is refused rather than cut', async () => {
  await expect(bytesOf([{ name: 'x'.repeat(101), mode: 0o644, content: new Uint8Array(0) }])).rejects.toThrow(
    'too long',
  );
});
