import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../testing/temp-dir.ts';
import { openForWriting } from './open-database.ts';

test.each([0o022, 0o000])('under umask %i a database and all beside it are its owner’s alone', async (umask) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'some.db');
  const before = process.umask(umask);
  try {
    const { raw } = openForWriting(path, 'NORMAL');
    raw.exec('create table a (b); insert into a values (1)');
    expect(modesIn(dir.path)).toEqual({ 'some.db': 0o600, 'some.db-shm': 0o600, 'some.db-wal': 0o600 });
    raw.close();
  } finally {
    process.umask(before);
  }
});

test('what an earlier version left readable for others is closed to them at the next opening', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'some.db');
  const first = openForWriting(path, 'NORMAL');
  first.raw.exec('create table a (b); insert into a values (1)');
  for (const name of readdirSync(dir.path)) chmodSync(join(dir.path, name), 0o644);
  const second = openForWriting(path, 'NORMAL');
  expect(Object.values(modesIn(dir.path))).toEqual([0o600, 0o600, 0o600]);
  second.raw.close();
  first.raw.close();
});

function modesIn(folder: string): Record<string, number> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777]));
}
