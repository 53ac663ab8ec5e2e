import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withReceivedZip } from './receive-zip.ts';
import { UploadRoom } from './upload-room.ts';

const MIB = 1024 * 1024;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldframe-upload-'));
});
afterEach(() => rm(dir, { recursive: true }));

function upload(mebibytes: number, says: number | null = mebibytes): IncomingMessage {
  const body = Readable.from(Array.from({ length: mebibytes }, () => Buffer.alloc(MIB)));
  return Object.assign(body, { headers: says === null ? {} : { 'content-length': String(says * MIB) } }) as never;
}

test('an upload is one private file while it is used, and none afterwards', async () => {
  const room = new UploadRoom();
  const seen = await withReceivedZip(upload(2), { uploadDir: dir, room }, async (path) => await stat(path));
  expect([seen.size, seen.mode & 0o777]).toEqual([2 * MIB, 0o600]);
  expect(await readdir(dir)).toEqual([]);
});

test('an upload the disk has no room for is refused before a byte of it is read, and leaves nothing', async () => {
  const room = new UploadRoom(async () => 260 * MIB);
  const body = upload(20);
  await expect(withReceivedZip(body, { uploadDir: dir, room }, async () => 'used')).rejects.toMatchObject({
    code: 'storage_full',
  });
  expect([body.readableDidRead, await readdir(dir)]).toEqual([false, []]);
});

test('a disk that fills while an upload arrives ends it, also one that does not say its size, and nothing is left', async () => {
  let freeBytes = 300 * MIB;
  const room = new UploadRoom(async () => {
    freeBytes -= 30 * MIB;
    return freeBytes;
  });
  const receiving = withReceivedZip(upload(40, null), { uploadDir: dir, room }, async () => 'used');
  await expect(receiving).rejects.toMatchObject({ code: 'storage_full' });
  expect(await readdir(dir)).toEqual([]);
});

test('what one upload was promised is not promised to another, and comes back when it ends', async () => {
  const room = new UploadRoom(async () => 256 * MIB + 50 * MIB);
  const first = await room.enter(dir, 40 * MIB);
  await expect(room.enter(dir, 20 * MIB)).rejects.toMatchObject({ code: 'storage_full' });
  first.leave();
  first.leave();
  (await room.enter(dir, 50 * MIB)).leave();
});
