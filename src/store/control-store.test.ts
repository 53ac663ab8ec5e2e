import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Revision } from '../domain/function.ts';
import type { FunctionSettings } from '../domain/settings.ts';
import type { ControlStore, NewFunction } from './control-store.ts';
import { openControlStore } from './open-control-store.ts';
import { keptLog, tempDir } from './testing/temp-dir.ts';

const AT = '2026-01-01T00:00:00.000Z';
let dir: Awaited<ReturnType<typeof tempDir>>;
let store: ControlStore & { close(): Promise<void> };

beforeEach(async () => {
  dir = await tempDir();
  store = await openControlStore({ dataDir: dir.path, log: keptLog() });
});

afterEach(async () => {
  await store.close();
  await dir[Symbol.asyncDispose]();
});

test('a function reads back exactly as it was inserted, after a restart too', async () => {
  await store.functions.insert(newFunction('hello'));
  const before = await store.functions.all();
  await store.close();
  store = await openControlStore({ dataDir: dir.path, log: keptLog() });
  expect(await store.functions.all()).toEqual(before);
  expect(before[0]).toMatchObject({ id: 'fn-hello', urlId: 'url-hello', revision: revision('fn-hello', 1) });
});

test('a name is taken once per workspace', async () => {
  await store.functions.insert(newFunction('hello'));
  const again = { ...newFunction('hello'), id: 'other', urlId: 'other', revision: revision('other', 1) };
  await expect(store.functions.insert(again)).rejects.toMatchObject({ code: 'function_exists' });
  await store.functions.insert({ ...again, workspaceId: 'elsewhere' });
  expect(await store.functions.all()).toHaveLength(2);
});

test('of two deploys that read the same revision only one wins', async () => {
  await store.functions.insert(newFunction('hello'));
  const [first, second] = [revision('fn-hello', 2), { ...revision('fn-hello', 2), id: 'rival' }];
  const results = await Promise.allSettled([
    store.functions.addRevision('fn-hello', {
      revision: first,
      settings: SETTINGS,
      change: 2,
      state: 'active',
      secrets: [],
      at: AT,
    }),
    store.functions.addRevision('fn-hello', {
      revision: second,
      settings: SETTINGS,
      change: 2,
      state: 'active',
      secrets: [],
      at: AT,
    }),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
  expect(results[1]).toMatchObject({ reason: { code: 'function_changed' } });
  expect((await store.functions.all())[0]?.revision.id).toBe('fn-hello-2');
});

test('settings of the function change without another revision, and only over what was read', async () => {
  await store.functions.insert(newFunction('hello'));
  const settings = { ...SETTINGS, description: 'é"' };
  await store.functions.setSettings('fn-hello', { settings, change: 2, at: AT });
  await expect(store.functions.setSettings('fn-hello', { settings, change: 2, at: AT })).rejects.toMatchObject({
    code: 'function_changed',
  });
  const [stored] = await store.functions.all();
  expect(stored).toMatchObject({ settings, change: 2, revision: { id: 'fn-hello-1', number: 1 } });
});

test('changing what is not there is refused by its code', async () => {
  const missing = { code: 'function_not_found' };
  await expect(
    store.functions.addRevision('nobody', {
      revision: revision('nobody', 1),
      settings: SETTINGS,
      change: 2,
      state: 'active',
      secrets: [],
      at: AT,
    }),
  ).rejects.toMatchObject(missing);
  const changed = { settings: SETTINGS, change: 2, at: AT };
  await expect(store.functions.setSettings('nobody', changed)).rejects.toMatchObject(missing);
  await expect(store.functions.setState('nobody', 'failed', AT)).rejects.toMatchObject(missing);
  await expect(store.functions.remove('nobody')).rejects.toMatchObject(missing);
  const event = { functionId: 'nobody', name: 'a', event: '{}', updatedAt: AT };
  await expect(store.testEvents.put(event)).rejects.toMatchObject(missing);
});

test('removing a function takes its revisions, secrets and test events along', async () => {
  await store.functions.insert({ ...newFunction('hello'), secrets: [secret('s1', 'fn-hello')] });
  await store.functions.insert({ ...newFunction('other'), secrets: [secret('s2', 'fn-other')] });
  await store.testEvents.put({ functionId: 'fn-hello', name: 'a', event: '{"__proto__":1}', updatedAt: AT });
  expect(await store.functions.packageHashes('default')).toEqual(['c'.repeat(64)]);
  await store.functions.remove('fn-hello');
  expect(await store.functions.revision('fn-hello-1')).toBeNull();
  expect((await store.secrets.get(['s1', 's2'])).map((row) => row.id)).toEqual(['s2']);
  expect(await store.testEvents.list('fn-hello')).toEqual([]);
  await store.functions.remove('fn-other');
  expect(await store.functions.packageHashes('default')).toEqual([]);
});

test('keys, sessions, secrets, test events and settings read back as written', async () => {
  const key = {
    id: 'k1',
    workspaceId: 'default',
    name: 'ci',
    scopes: ['deploy' as const, 'invoke' as const],
    secretSha256: 'a'.repeat(64),
    createdAt: AT,
    lastUsedAt: null,
    expiresAt: null,
  };
  await store.keys.insert(key);
  await store.keys.touch([{ id: 'k1', at: '2026-01-02T00:00:00.000Z' }]);
  expect(await store.keys.all()).toEqual([{ ...key, lastUsedAt: '2026-01-02T00:00:00.000Z' }]);
  expect(await store.keys.remove('elsewhere', 'k1')).toBe(false);
  expect(await store.keys.remove('default', 'k1')).toBe(true);
  const session = {
    id: 's',
    workspaceId: 'default',
    tokenSha256: 't',
    scopes: ['admin' as const],
    keyReference: 'k1',
    createdAt: AT,
    expiresAt: AT,
  };
  await store.sessions.insert(session);
  expect(await store.sessions.byToken('t')).toEqual(session);
  expect(await store.sessions.prune('2027-01-01T00:00:00.000Z')).toBe(1);
  expect(await store.sessions.byToken('t')).toBeNull();
  const row = secret('s1', 'fn-hello');
  await store.functions.insert({ ...newFunction('hello'), secrets: [row] });
  expect(await store.secrets.get(['s1'])).toEqual([row]);
  const event = { functionId: 'fn-hello', name: 'first', event: '{"a": 1}', updatedAt: AT };
  expect(await store.testEvents.put(event)).toEqual({ created: true });
  expect(await store.testEvents.put({ ...event, event: '[]' })).toEqual({ created: false });
  expect(await store.testEvents.get('fn-hello', 'first')).toEqual({ ...event, event: '[]' });
  expect(await store.testEvents.remove('fn-hello', 'first')).toBe(true);
  await store.settings.put('instance', 'abc');
  await store.settings.put('instance', 'def');
  expect(await store.settings.get('instance')).toBe('def');
  expect(await store.settings.get('nothing')).toBeNull();
});

test('writes that come in together are committed together, and one that fails leaves its neighbours alone', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 300 }, (_, number) =>
      store.functions.insert(newFunction(number === 150 ? 'fn0' : `fn${number}`)),
    ),
  );
  expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
  expect(await store.functions.all()).toHaveLength(299);
});

test('the file is in WAL mode with incremental vacuum, so that it can shrink', async () => {
  const database = new DatabaseSync(join(dir.path, 'control.db'), { readOnly: true });
  expect(Object.values(database.prepare('pragma auto_vacuum').get() ?? {})).toEqual([2]);
  expect(Object.values(database.prepare('pragma journal_mode').get() ?? {})).toEqual(['wal']);
  database.close();
});

test('closing answers the calls made before it, and refuses those after', async () => {
  const before = store.settings.put('a', 'b');
  const closing = store.close();
  await expect(before).resolves.toBeUndefined();
  await closing;
  await expect(store.settings.get('a')).rejects.toMatchObject({ code: 'storage_unavailable' });
});

const SETTINGS = { maxConcurrency: 3, tags: { a: 'b' } } as unknown as FunctionSettings;

function newFunction(name: string): NewFunction {
  const id = `fn-${name}`;
  return {
    id,
    workspaceId: 'default',
    name,
    urlId: `url-${name}`,
    state: 'active',
    secrets: [],
    at: AT,
    settings: SETTINGS,
    revision: revision(id, 1),
  };
}

function revision(functionId: string, number: number): Revision {
  return {
    id: `${functionId}-${number}`,
    functionId,
    workspaceId: 'default',
    number,
    codeSha256: 'c'.repeat(64),
    settings: { handler: 'index.handler' } as unknown as Revision['settings'],
    env: { A: { plain: '1' }, B: { secretId: 's1' } },
    isolation: 'process',
    createdAt: AT,
  };
}

function secret(id: string, functionId: string) {
  const [nonce, ciphertext] = [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 255])];
  return { id, workspaceId: 'default', functionId, keyId: 'm1', nonce, ciphertext, createdAt: AT };
}
