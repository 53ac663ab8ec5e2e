import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isOlder } from '../host/epoch.ts';
import { openControlStore } from '../store/open-control-store.ts';
import { keptLog, tempDir } from '../store/testing/temp-dir.ts';
import { openHost } from './open-host.ts';

let dir: Awaited<ReturnType<typeof tempDir>>;
let store: Awaited<ReturnType<typeof openControlStore>>;
const runDirs: string[] = [];

beforeEach(async () => {
  dir = await tempDir();
  store = await openControlStore({ dataDir: dir.path, log: keptLog() });
});

afterEach(async () => {
  await store.close();
  for (const path of runDirs.splice(0)) await rm(path, { recursive: true });
  await dir[Symbol.asyncDispose]();
});

/** A life of the server whose own files are in `machine`, on the one store. */
async function life(machine: string) {
  const dataDir = join(dir.path, machine);
  await mkdir(dataDir, { recursive: true });
  const opened = await openHost({ dataDir, store, log: keptLog() });
  if (!runDirs.includes(opened.host.runDir)) runDirs.push(opened.host.runDir);
  return opened;
}

test('two machines on one store are two instances, so neither reaps what the other runs', async () => {
  const [one, two] = [await life('one'), await life('two')];
  expect(one.host.instance).not.toBe(two.host.instance);
  expect(one.host.runDir).not.toBe(two.host.runDir);
});

test('the next life of a machine is the same instance with a later epoch', async () => {
  const [first, second] = [await life('one'), await life('one')];
  expect(second.host.instance).toBe(first.host.instance);
  expect(second.server.epoch).toBeGreaterThan(first.server.epoch);
  expect(isOlder(first.host.epoch, second.host.epoch)).toBe(true);
  expect(isOlder(second.host.epoch, first.host.epoch)).toBe(false);
});

test('a clock that was set back makes no life older than the one before', async () => {
  const { host } = await life('one');
  const ahead = Date.now() + 3_600_000;
  await store.servers.register({ id: 'before the clock was set back', instance: host.instance }, ahead);
  const next = await life('one');
  expect(next.server.epoch).toBe(ahead + 1);
  expect(isOlder(`e${ahead.toString(36)}`, next.host.epoch)).toBe(true);
});

test('the instance that an earlier version kept in the store moves to the machine that has its files, once', async () => {
  await store.settings.put('instance', 'dab5fe2522c6');
  expect((await life('one')).host.instance).toBe('dab5fe2522c6');
  expect(await readFile(join(dir.path, 'one', 'instance'), 'utf8')).toBe('dab5fe2522c6\n');
  expect((await life('two')).host.instance).not.toBe('dab5fe2522c6');
  expect((await life('one')).host.instance).toBe('dab5fe2522c6');
});

test('an instance file that holds no id is refused with what to do, since a new id would leave the old one’s sandboxes', async () => {
  await mkdir(join(dir.path, 'one'));
  await writeFile(join(dir.path, 'one', 'instance'), '');
  await expect(life('one')).rejects.toMatchObject({ code: 'data_dir_unusable' });
});
