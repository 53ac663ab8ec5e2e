import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import type { Scope } from '../domain/names.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';
import type { ControlStore } from '../store/contract/control-store.ts';
import { openControlStore } from '../store/open-control-store.ts';
import { keptLog } from '../store/testing/temp-dir.ts';
import { Auth } from './auth.ts';
import { expandScopes } from './scopes.ts';

const HOUR_MS = 3_600_000;
const ADMIN = 'an-admin-key-of-the-operator';

let dataDir: string;
let store: ControlStore & { close(): Promise<void> };
let auth: Auth;
let nowMs: number;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'coldframe-auth-'));
  store = await openControlStore({ dataDir, log: keptLog() });
});

beforeEach(async () => {
  nowMs = Date.now();
  auth = await started();
});

afterEach(async () => {
  await auth.stop();
  for (const { workspaceId, id } of await store.across.keys()) await store.in(workspaceId).keys.remove(id);
  for (const { workspaceId, id } of await store.across.sessions()) await store.in(workspaceId).sessions.remove(id);
  for (const file of ['admin.key', 'master.key']) await rm(join(dataDir, file), { force: true });
});

afterAll(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

async function started(): Promise<Auth> {
  const onUpkeepFailure = (error: unknown) => {
    throw error;
  };
  const one = new Auth({ store, adminKey: ADMIN, onUpkeepFailure, now: () => nowMs });
  await one.start();
  return one;
}

/** The same table, with the names of the methods that are called. */
function counting<T extends object>(table: T, asked: string[]): T {
  const counted = Object.entries(table).map(([name, method]) => [
    name,
    (...args: unknown[]) => {
      asked.push(name);
      return method(...args);
    },
  ]);
  return Object.fromEntries(counted);
}

const key = (name: string, scopes: Scope[], expiresAt: string | null = null) =>
  auth.keys.create(DEFAULT_WORKSPACE, { name, scopes, expiresAt });

describe('keys', () => {
  test('a key opens what its scopes include, survives a restart, and is stored only as a hash', async () => {
    const { secret, id } = await key('ci', ['deploy']);
    expect(secret).toMatch(/^cf_[A-Za-z0-9_-]{43}$/);
    expect(auth.verifyKey(secret)).toEqual({
      workspaceId: 'default',
      scopes: ['deploy', 'read'],
      keyId: id,
      sessionId: null,
    });
    await auth.stop();
    auth = await started();
    expect(auth.verifyKey(secret)?.keyId).toBe(id);
    expect(JSON.stringify(await store.across.keys())).not.toContain(secret);
    for (const file of readdirSync(dataDir)) expect(readFileSync(join(dataDir, file)).includes(secret)).toBe(false);
    expect(JSON.stringify(auth.keys.list(DEFAULT_WORKSPACE))).not.toContain(secret);
  });

  test('wrong secrets, near misses, hashes and long rubbish open nothing', async () => {
    const { secret } = await key('ci', ['read']);
    const digest = hash('sha256', secret, 'hex');
    for (const wrong of ['', 'cf_', `${secret}x`, secret.slice(0, -1), digest, 'x'.repeat(10_000_000), '__proto__']) {
      expect(auth.verifyKey(wrong)).toBeNull();
    }
  });

  test('the admin key holds every scope and is no row', async () => {
    expect(auth.verifyKey(ADMIN)?.scopes).toEqual(['admin', 'deploy', 'invoke', 'read']);
    expect(auth.keys.list(DEFAULT_WORKSPACE)).toEqual([]);
    await expect(auth.keys.remove(DEFAULT_WORKSPACE, 'admin')).rejects.toMatchObject({ code: 'key_not_found' });
  });

  test('a removed key opens nothing, now and after a restart', async () => {
    const { secret, id } = await key('ci', ['read']);
    await expect(auth.keys.remove('other' as WorkspaceId, id)).rejects.toMatchObject({ code: 'key_not_found' });
    await auth.keys.remove(DEFAULT_WORKSPACE, id);
    expect(auth.verifyKey(secret)).toBeNull();
    await expect(auth.keys.remove(DEFAULT_WORKSPACE, id)).rejects.toMatchObject({ code: 'key_not_found' });
    await auth.stop();
    auth = await started();
    expect(auth.verifyKey(secret)).toBeNull();
  });

  test('an expired key opens nothing', async () => {
    const { secret } = await key('short', ['read'], new Date(nowMs + HOUR_MS).toISOString());
    nowMs += HOUR_MS - 1;
    expect(auth.verifyKey(secret)).not.toBeNull();
    nowMs += 1;
    expect(auth.verifyKey(secret)).toBeNull();
  });

  test.each<[string, Scope[], string | null]>([
    ['bad name!', ['read'], null],
    ['ok', [], null],
    ['ok', ['root' as Scope], null],
    ['ok', ['read'], 'yesterday'],
    ['ok', ['read'], '2020-01-01T00:00:00Z'],
  ])('a key named %j with scopes %j until %j is refused', async (name, scopes, expiresAt) => {
    await expect(key(name, scopes, expiresAt)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await store.across.keys()).toEqual([]);
  });

  test('the last use shows at once and is stored at stop', async () => {
    const { secret } = await key('ci', ['read']);
    auth.verifyKey(secret);
    const lastUsedAt = new Date(nowMs).toISOString();
    expect(auth.keys.list(DEFAULT_WORKSPACE)).toMatchObject([{ lastUsedAt }]);
    await auth.stop();
    expect(await store.across.keys()).toMatchObject([{ lastUsedAt }]);
    expect(auth.keys.list(DEFAULT_WORKSPACE)).toMatchObject([{ lastUsedAt }]);
  });

  test('deploy reads, invoke stands by itself, admin is all', () => {
    expect(expandScopes(['deploy', 'read'])).toEqual(['deploy', 'read']);
    expect(expandScopes(['invoke'])).toEqual(['invoke']);
    expect(expandScopes(['admin'])).toHaveLength(4);
  });
});

describe('sessions', () => {
  const open = () =>
    auth.openSession({ workspaceId: DEFAULT_WORKSPACE, scopes: ['admin'], keyId: 'admin', sessionId: null });

  test('a session is known by its token, also after a restart, and the store has its hash only', async () => {
    const { token } = await open();
    expect(await auth.verifySession(token)).toEqual({
      workspaceId: 'default',
      scopes: ['admin'],
      keyId: 'admin',
      sessionId: expect.any(String),
    });
    const again = await started();
    expect(await again.verifySession(token)).not.toBeNull();
    await again.stop();
    expect(JSON.stringify(await store.across.sessions())).not.toContain(token);
    expect(await auth.verifySession('cfs_wrong')).toBeNull();
    expect(await auth.verifySession('x'.repeat(1_000_000))).toBeNull();
  });

  test('it ends 12 hours after its last use', async () => {
    const { token } = await open();
    for (let use = 0; use < 5; use++) {
      nowMs += 11 * HOUR_MS;
      expect(await auth.verifySession(token)).not.toBeNull();
    }
    const again = await started();
    nowMs += 11 * HOUR_MS;
    expect(await again.verifySession(token)).not.toBeNull();
    await again.stop();
    nowMs += 24 * HOUR_MS;
    expect(await auth.verifySession(token)).toBeNull();
  });

  test('it ends after 7 days however much it is used', async () => {
    const { token, expiresAt } = await open();
    expect(Date.parse(expiresAt)).toBe(nowMs + 7 * 24 * HOUR_MS);
    for (let hours = 0; hours < 7 * 24 - 6; hours += 6) {
      nowMs += 6 * HOUR_MS;
      expect(await auth.verifySession(token)).not.toBeNull();
    }
    nowMs += 6 * HOUR_MS;
    expect(await auth.verifySession(token)).toBeNull();
  });

  test('a closed session opens nothing, however many requests used it meanwhile; closing again is harmless', async () => {
    const { token } = await open();
    await auth.stop();
    auth = await started();
    nowMs += 2 * HOUR_MS;
    const uses = Array.from({ length: 10 }, () => auth.verifySession(token));
    const closed = auth.closeSession(token);
    await Promise.all([...uses, closed]);
    expect(await auth.verifySession(token)).toBeNull();
    await auth.closeSession(token);
    expect(auth.whySessionEnded(token)).toBe('closed');
  });

  test('why a session ended is remembered, a bounded number of times', async () => {
    const { token } = await open();
    const expiresAt = new Date(nowMs + HOUR_MS).toISOString();
    const key = await auth.keys.create(DEFAULT_WORKSPACE, { name: 'brief', scopes: ['read'], expiresAt });
    const byKey = await auth.openSession(auth.verifyKey(key.secret)!);
    nowMs += HOUR_MS;
    await auth.verifySession(byKey.token);
    nowMs += 12 * HOUR_MS;
    await auth.verifySession(token);
    const why = [token, byKey.token, 'cfs_wrong'].map((one) => auth.whySessionEnded(one));
    expect(why).toEqual(['expired', 'key_gone', 'unknown']);
    for (let more = 0; more < 1_000; more++) await auth.closeSession((await open()).token);
    expect(auth.whySessionEnded(token)).toBe('unknown');
  });

  test('it ends at once with the key it was opened with, by deletion, expiry or another admin key, and other sessions live on', async () => {
    const expiresAt = new Date(nowMs + HOUR_MS).toISOString();
    const key = await auth.keys.create(DEFAULT_WORKSPACE, { name: 'laptop', scopes: ['read'], expiresAt: null });
    const brief = await auth.keys.create(DEFAULT_WORKSPACE, { name: 'brief', scopes: ['read'], expiresAt });
    const byKey = await auth.openSession(auth.verifyKey(key.secret)!);
    const byBrief = await auth.openSession(auth.verifyKey(brief.secret)!);
    const byAdmin = await open();
    const byLink = await auth.openSession(auth.redeemLinkToken(auth.mintLinkToken())!);
    expect(await auth.verifySession(byKey.token)).toMatchObject({ keyId: key.id, scopes: ['read'] });
    const byItsLink = await auth.openSession(auth.redeemLinkToken(auth.mintLinkToken(key.id))!);
    const unusedLink = auth.mintLinkToken(key.id);
    await auth.keys.remove(DEFAULT_WORKSPACE, key.id);
    expect(await auth.verifySession(byKey.token)).toBeNull();
    expect(await auth.verifySession(byItsLink.token)).toBeNull();
    expect(auth.redeemLinkToken(unusedLink)).toBeNull();
    expect(await auth.verifySession(byBrief.token)).not.toBeNull();
    nowMs += HOUR_MS;
    expect(await auth.verifySession(byBrief.token)).toBeNull();
    const rekeyed = new Auth({
      store,
      adminKey: 'another-admin-key-0123456789',
      onUpkeepFailure: () => {},
      now: () => nowMs,
    });
    await rekeyed.start();
    expect(await rekeyed.verifySession(byKey.token)).toBeNull();
    expect(await rekeyed.verifySession(byAdmin.token)).toBeNull();
    expect(await rekeyed.verifySession(byLink.token)).toMatchObject({ keyId: null });
    await rekeyed.stop();
  });

  test('requests at once after a restart slide it once and lose it not', async () => {
    const { token } = await open();
    await auth.stop();
    auth = await started();
    nowMs += 2 * HOUR_MS;
    const uses = await Promise.all(Array.from({ length: 10 }, () => auth.verifySession(token)));
    expect(uses.every((principal) => principal !== null)).toBe(true);
    const digest = hash('sha256', token, 'hex');
    const row = (await store.across.sessions()).find((one) => one.tokenSha256 === digest);
    expect(Date.parse(row!.expiresAt)).toBe(nowMs + 12 * HOUR_MS);
  });
});

describe('what sessions may cost', () => {
  const open = () =>
    auth.openSession({ workspaceId: DEFAULT_WORKSPACE, scopes: ['admin'], keyId: null, sessionId: null });

  test('cookies that nobody knows cost the store nothing, and neither does the use of a known one', async () => {
    const { token } = await open();
    const asked: string[] = [];
    const counted: ControlStore = {
      ...store,
      across: counting(store.across, asked),
      in: (workspaceId) => ({ ...store.in(workspaceId), sessions: counting(store.in(workspaceId).sessions, asked) }),
    };
    const watched = new Auth({ store: counted, adminKey: ADMIN, onUpkeepFailure: () => {}, now: () => nowMs });
    await watched.start();
    expect(asked.splice(0)).toEqual(['keys', 'sessions']);
    for (let junk = 0; junk < 100; junk++) expect(await watched.verifySession(`cfs_${junk}`)).toBeNull();
    await watched.closeSession('cfs_junk');
    expect(await watched.verifySession(token)).not.toBeNull();
    expect(asked).toEqual([]);
    await watched.stop();
  });

  test('the hundred and first session of a key closes its oldest, and no other key loses one', async () => {
    const other = await auth.openSession(auth.verifyKey(ADMIN)!);
    const tokens: string[] = [];
    for (let count = 0; count < 101; count++) tokens.push((await open()).token);
    expect(await auth.verifySession(tokens[0]!)).toBeNull();
    expect(auth.whySessionEnded(tokens[0]!)).toBe('closed');
    expect(await auth.verifySession(tokens[1]!)).not.toBeNull();
    expect(await auth.verifySession(other.token)).not.toBeNull();
    expect(await store.across.sessions()).toHaveLength(101);
  });

  test('sessions beyond the bounds, left by an earlier version, are closed at the start', async () => {
    const { token } = await open();
    const [row] = await store.across.sessions();
    const older = Array.from({ length: 150 }, (_, at) => ({ ...row!, id: `0-${at}`, tokenSha256: `old ${at}` }));
    await Promise.all(older.map((one) => store.in(DEFAULT_WORKSPACE).sessions.insert(one)));
    const again = await started();
    expect(await again.verifySession(token)).not.toBeNull();
    expect(await store.across.sessions()).toHaveLength(100);
    await again.stop();
  });
});

describe('what outlives its request', () => {
  test('is told at once of the end of a key or session, and asking makes no session last longer', async () => {
    let told = 0;
    const stop = auth.onEnded(() => void told++);
    const one = await auth.keys.create(DEFAULT_WORKSPACE, { name: 'one', scopes: ['read'], expiresAt: null });
    const byKey = auth.verifyKey(one.secret)!;
    const { token } = await auth.openSession(byKey);
    const bySession = (await auth.verifySession(token))!;
    expect([auth.isGood(byKey), auth.isGood(bySession)]).toEqual([true, true]);
    await auth.closeSession(token);
    expect([told, auth.isGood(byKey), auth.isGood(bySession)]).toEqual([1, true, false]);
    await auth.keys.remove(DEFAULT_WORKSPACE, one.id);
    expect([told, auth.isGood(byKey)]).toEqual([2, false]);
    stop();
    const idle = (await auth.verifySession((await auth.openSession(auth.verifyKey(ADMIN)!)).token))!;
    for (let hours = 0; hours < 12; hours++) {
      expect(auth.isGood(idle)).toBe(true);
      nowMs += HOUR_MS;
    }
    expect(auth.isGood(idle)).toBe(false);
  });
});

describe('sign-in links', () => {
  test('a link opens once, within 10 minutes', () => {
    const token = auth.mintLinkToken();
    expect(auth.redeemLinkToken(token)).toEqual({
      workspaceId: 'default',
      scopes: ['admin', 'deploy', 'invoke', 'read'],
      keyId: null,
      sessionId: null,
    });
    expect(auth.redeemLinkToken(token)).toBeNull();
    const late = auth.mintLinkToken();
    nowMs += 10 * 60_000;
    expect(auth.redeemLinkToken(late)).toBeNull();
    expect(auth.redeemLinkToken('cfl_wrong')).toBeNull();
  });

  test('unused links are bounded; the oldest goes first', () => {
    const tokens = Array.from({ length: 33 }, () => auth.mintLinkToken());
    expect(auth.redeemLinkToken(tokens[0]!)).toBeNull();
    expect(auth.redeemLinkToken(tokens[1]!)).not.toBeNull();
    expect(auth.redeemLinkToken(tokens[32]!)).not.toBeNull();
  });
});
