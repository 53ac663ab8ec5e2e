import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import { ChangeFollower } from '../store/feed/change-follower.ts';
import { openControlStore } from '../store/open-control-store.ts';
import { keptLog, tempDir } from '../store/testing/temp-dir.ts';
import { Auth } from './auth.ts';

interface Server {
  auth: Auth;
  feed: ChangeFollower;
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
let dir: Awaited<ReturnType<typeof tempDir>>;
let one: Server;
let two: Server;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.now();
  dir = await tempDir();
  one = await open();
  two = await open();
});

afterEach(async () => {
  await one.stop();
  await two.stop();
  await dir[Symbol.asyncDispose]();
});

/** One server's key book and sessions, over its own connection to the same database. */
async function open(): Promise<Server> {
  const store = await openControlStore({ dataDir: dir.path, log: keptLog() });
  const feed = await ChangeFollower.open({ changes: store.changes, log: keptLog() });
  const onUpkeepFailure = (error: unknown) => expect.fail(String(error));
  const auth = new Auth({ store, adminKey: 'admin-key-0123456789', onUpkeepFailure, now: () => nowMs });
  await auth.start();
  feed.follow('key', auth.keys);
  feed.follow('session', auth.sessions);
  return {
    auth,
    feed,
    async stop() {
      await auth.stop();
      await feed.stop();
      await store.close();
    },
  };
}

const create = () => one.auth.keys.create(DEFAULT_WORKSPACE, { name: 'ci', scopes: ['read'], expiresAt: null });

test('a key made on one server opens the other at its next turn, and one removed there opens it no more', async () => {
  const { id, secret } = await create();
  expect(two.auth.verifyKey(secret)).toBeNull();
  await two.feed.catchUp();
  expect(two.auth.verifyKey(secret)).toMatchObject({ keyId: id, scopes: ['read'] });
  expect(two.auth.keys.list(DEFAULT_WORKSPACE).map((key) => key.id)).toEqual([id]);
  await one.auth.keys.remove(DEFAULT_WORKSPACE, id);
  await two.feed.catchUp();
  expect(two.auth.verifyKey(secret)).toBeNull();
});

test('a key removed on either server never comes back, however often the feed tells of its making', async () => {
  const { id, secret } = await create();
  await one.auth.keys.remove(DEFAULT_WORKSPACE, id);
  await one.feed.catchUp();
  await one.auth.keys.apply({ seq: 1, topic: 'key', workspaceId: DEFAULT_WORKSPACE, id });
  expect(one.auth.verifyKey(secret)).toBeNull();
});

test('sessions of a key end on every server with the key', async () => {
  const { id, secret } = await create();
  const { token } = await one.auth.openSession(one.auth.verifyKey(secret)!);
  await two.feed.catchUp();
  expect(await two.auth.verifySession(token)).toMatchObject({ keyId: id });
  await one.auth.keys.remove(DEFAULT_WORKSPACE, id);
  await two.feed.catchUp();
  expect(await two.auth.verifySession(token)).toBeNull();
});

test('a session closed on one server is closed on the other at its next turn', async () => {
  const { token } = await one.auth.openSession(one.auth.verifyKey('admin-key-0123456789')!);
  await two.feed.catchUp();
  expect(await two.auth.verifySession(token)).not.toBeNull();
  await one.auth.closeSession(token);
  await two.feed.catchUp();
  expect(await two.auth.verifySession(token)).toBeNull();
});

test('what a session let in is told of its end by another server at the next turn', async () => {
  const { token } = await one.auth.openSession(one.auth.verifyKey('admin-key-0123456789')!);
  await two.feed.catchUp();
  const principal = (await two.auth.verifySession(token))!;
  let isGood = true;
  two.auth.onEnded(() => {
    isGood = two.auth.isGood(principal);
  });
  await one.auth.closeSession(token);
  await two.feed.catchUp();
  expect(isGood).toBe(false);
});

test('a session in use through one server has not expired for the other', async () => {
  const { token } = await one.auth.openSession(one.auth.verifyKey('admin-key-0123456789')!);
  await two.feed.catchUp();
  expect(await two.auth.verifySession(token)).not.toBeNull();
  nowMs += 8 * HOUR_MS;
  expect(await one.auth.verifySession(token)).not.toBeNull();
  await two.feed.catchUp();
  nowMs += 8 * HOUR_MS;
  expect(await two.auth.verifySession(token)).not.toBeNull();
});

test('a server that missed changes reads all keys and sessions anew', async () => {
  const [gone, kept] = [await create(), await create()];
  await two.feed.catchUp();
  const { token } = await one.auth.openSession(one.auth.verifyKey('admin-key-0123456789')!);
  await two.feed.catchUp();
  expect(await two.auth.verifySession(token)).not.toBeNull();
  await one.auth.closeSession(token);
  await one.auth.keys.remove(DEFAULT_WORKSPACE, gone.id);
  const made = await create();
  await two.auth.keys.reload();
  await two.auth.sessions.reload();
  expect(two.auth.verifyKey(gone.secret)).toBeNull();
  expect(two.auth.verifyKey(kept.secret)).not.toBeNull();
  expect(two.auth.verifyKey(made.secret)).not.toBeNull();
  expect(await two.auth.verifySession(token)).toBeNull();
});
