import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Comparison } from '../domain/comparison.ts';
import type { Settings } from '../domain/settings.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';
import { gate, revisionOf, silentLog, Testbed, type TestbedOptions, until } from '../pool/testing/pool-testbed.ts';
import type { ControlStore, ServerIdentity } from '../store/contract/control-store.ts';
import { openControlStore } from '../store/open-control-store.ts';
import { keptLog, tempDir } from '../store/testing/temp-dir.ts';
import { Comparisons, type ComparisonsOptions } from './comparisons.ts';

const AT = '2026-01-01T00:00:00.000Z';
const EVENT = Buffer.from('{"n":1}');
const W1 = 'w1' as WorkspaceId;
const ASK = { isolations: ['process'], count: 2, event: EVENT };

let dir: Awaited<ReturnType<typeof tempDir>>;
let store: ControlStore & { close(): Promise<void> };
let bed: Testbed | null = null;
let comparisons: Comparisons;
let options: ComparisonsOptions;
let server: ServerIdentity;

beforeEach(async () => {
  dir = await tempDir();
  store = await openControlStore({ dataDir: dir.path, log: keptLog() });
});

afterEach(async () => {
  await comparisons.stop();
  await bed?.stop();
  bed = null;
  await store.close();
  await dir[Symbol.asyncDispose]();
});

/** The real pool, guard and store over the memory driver. */
async function open(
  bedOptions: TestbedOptions = {},
  settings: Partial<Settings> = {},
  env: Record<string, string> = {},
): Promise<Testbed> {
  const target = revisionOf('hello', 'hello-r1', settings, env);
  const built = await new Testbed(bedOptions).start();
  bed = built;
  const revision = {
    ...{ id: 'hello-r1', functionId: 'id-hello', workspaceId: W1, number: 1, env: {}, createdAt: AT },
    ...{ codeSha256: 'c', settings: target.settings, isolation: 'process' as const },
  };
  const base = { id: 'id-hello', name: 'hello', urlId: 'u', state: 'active' as const, at: AT };
  const settingsOfIt = { settings: target.functionSettings, routeKeys: [] };
  await store.in(W1).functions.insert({ ...base, ...settingsOfIt, revision, secrets: [] });
  server = await store.servers.register({ id: 'life-1', instance: 'aaaaaaaaaaaa' }, 1);
  options = {
    store,
    server,
    catalog: { resolve: () => target },
    driverFor: (isolation, runtime) => built.registry.get(isolation, runtime),
    reserve: (mib) => built.pool.reserve(mib),
    labels: { instance: 'aaaaaaaaaaaa', epoch: 'e1' },
    log: silentLog,
  };
  comparisons = new Comparisons(options);
  return built;
}

async function ended(id: string): Promise<Comparison> {
  const endAtMs = performance.now() + 5_000;
  for (;;) {
    const one = await comparisons.get(W1, id);
    if (one.state !== 'running') return one;
    if (performance.now() > endAtMs) throw new Error(`${id} never ended`);
    await pause(5);
  }
}

test('each kind of start is called as often as asked, in sandboxes of its own, and all of them are gone', async () => {
  const { pool, guarded } = await open();
  const { id, state, callsTotal } = await comparisons.start(W1, 'hello', ASK);
  expect([state, callsTotal]).toEqual(['running', 6]);
  const done = await ended(id);
  expect([done.state, done.callsDone]).toEqual(['finished', 6]);
  const [one] = done.isolations;
  expect(one).toMatchObject({ isolation: 'process', state: 'done', reason: null, failure: null });
  expect(one?.starts.map(({ start, calls, failed }) => [start, calls, failed])).toEqual([
    ['cold', 2, 0],
    ['claimed', 2, 0],
    ['warm', 2, 0],
  ]);
  for (const { p50Ms, p99Ms } of one?.starts ?? []) {
    expect(p50Ms).toBeGreaterThanOrEqual(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms ?? Number.NaN);
  }
  expect(guarded.live()).toEqual([]);
  expect(pool.snapshot().sandboxes).toEqual([]);
  expect(await store.in(W1).comparisons.get(id)).toEqual({ comparison: done, serverId: 'life-1' });
  expect(await store.in('w2' as WorkspaceId).comparisons.get(id)).toBeNull();
});

test('one at a time: a second is refused until the first has ended', async () => {
  const held = gate();
  await open({ code: { 'hello-r1': async () => held.opened } });
  const first = await comparisons.start(W1, 'hello', ASK);
  await expect(comparisons.start(W1, 'hello', ASK)).rejects.toMatchObject({ code: 'comparison_running' });
  held.open();
  await ended(first.id);
  const second = await comparisons.start(W1, 'hello', ASK);
  await ended(second.id);
  const { items } = await comparisons.list(W1, 'id-hello', { limit: 10 });
  expect(items.map(({ id }) => id)).toEqual([second.id, first.id]);
});

test('cancelled, it ends while a call hangs, keeps what it has and leaves no sandbox', async () => {
  let calls = 0;
  const { guarded } = await open({ code: { 'hello-r1': () => (++calls > 2 ? new Promise(() => {}) : calls) } });
  const { id } = await comparisons.start(W1, 'hello', { ...ASK, count: 5 });
  await until('a hanging call', () => calls > 2);
  await comparisons.cancel(W1, id);
  const done = await ended(id);
  expect(done.state).toBe('cancelled');
  expect(done.isolations[0]?.state).toBe('stopped');
  expect(done.isolations[0]?.starts[0]?.calls).toBe(1);
  expect(guarded.live()).toEqual([]);
  await expect(comparisons.cancel(W1, id)).rejects.toMatchObject({ code: 'comparison_finished' });
  await expect(comparisons.cancel(W1, 'none')).rejects.toMatchObject({ code: 'comparison_not_found' });
});

test('a stop interrupts it, and says so in the store before it resolves; nothing new begins', async () => {
  const { guarded } = await open({ code: { 'hello-r1': () => new Promise(() => {}) } });
  const { id } = await comparisons.start(W1, 'hello', ASK);
  await until('a call', () => guarded.live().some((sandbox) => sandbox.inFlight > 0));
  await comparisons.stop();
  expect(await store.in(W1).comparisons.get(id)).toMatchObject({
    comparison: { state: 'interrupted', callsDone: 0 },
  });
  expect(guarded.live()).toEqual([]);
  await expect(comparisons.start(W1, 'hello', ASK)).rejects.toMatchObject({ code: 'draining' });
});

test('after a crash, what was running here is interrupted, and what another server runs goes on', async () => {
  await open();
  const { id } = await comparisons.start(W1, 'hello', ASK);
  const done = await ended(id);
  const isolations = done.isolations.map((one) => ({ ...one, state: 'running' as const }));
  await store.in(W1).comparisons.update({ ...done, state: 'running', finishedAt: null, isolations });
  const other = await store.servers.register({ id: 'other', instance: 'bbbbbbbbbbbb' }, 1);
  await store.in(W1).comparisons.insert({ ...done, id: 'theirs', state: 'running' }, other.id, 10);
  server = await store.servers.register({ id: 'life-2', instance: 'aaaaaaaaaaaa' }, 1);
  comparisons = new Comparisons({ ...options, server });
  await comparisons.recover();
  expect((await comparisons.get(W1, 'theirs')).state).toBe('running');
  const stored = await comparisons.get(W1, id);
  expect(stored).toMatchObject({ state: 'interrupted', finishedAt: expect.any(String) });
  expect(stored.isolations[0]?.state).toBe('stopped');
});

test('a function that fails is told by its own error, and not called more than three times in a row', async () => {
  let calls = 0;
  const fail = () => {
    calls++;
    throw new Error('no luck');
  };
  await open({ code: { 'hello-r1': fail } });
  const { id } = await comparisons.start(W1, 'hello', { ...ASK, count: 50 });
  const [one] = (await ended(id)).isolations;
  expect(one).toMatchObject({ state: 'failed', failure: { code: 'function_error', errorMessage: 'no luck' } });
  expect(one?.starts[0]).toMatchObject({ p50Ms: null });
  expect(calls).toBe(3);
});

test('time over, it is cut and what was measured counts', async () => {
  const slow = () => new Promise((resolve) => setTimeout(() => resolve('late'), 60));
  await open({ code: { 'hello-r1': slow } });
  const { id } = await comparisons.start(W1, 'hello', { ...ASK, count: 100, timeLimitMs: 200 });
  const [one] = (await ended(id)).isolations;
  expect(one?.state).toBe('cut');
  expect(one?.reason).toMatch(/^Its 0.2 s were over after \d+ of 100 rounds\.$/);
  expect(one?.starts[0]?.calls).toBeGreaterThan(0);
});

test('no room within the bound on memory: skipped with the reason, and the room is given back otherwise', async () => {
  const { pool } = await open({ pool: { limitTotalMib: 300 } });
  const first = await ended((await comparisons.start(W1, 'hello', ASK)).id);
  expect(first.isolations[0]?.state).toBe('done');
  const release = pool.reserve(200);
  const second = await ended((await comparisons.start(W1, 'hello', ASK)).id);
  expect(second.isolations[0]).toMatchObject({ state: 'skipped', reason: expect.stringContaining('no room') });
  release?.();
  expect(pool.reserve(301)).toBeNull();
});

test('a function that boots with variables of its own has no claimed starts', async () => {
  await open({}, {}, { NODE_OPTIONS: '--no-warnings' });
  const done = await ended((await comparisons.start(W1, 'hello', ASK)).id);
  expect(done).toMatchObject({ state: 'finished', callsDone: 6 });
  expect(done.isolations[0]?.starts.map(({ calls }) => calls)).toEqual([2, 0, 2]);
});

test('a function that is deleted takes its comparisons along, the running one too', async () => {
  const { guarded } = await open({ code: { 'hello-r1': () => new Promise(() => {}) } });
  const { id } = await comparisons.start(W1, 'hello', ASK);
  await until('a call', () => guarded.live().some((sandbox) => sandbox.inFlight > 0));
  await store.in(W1).functions.remove('id-hello');
  comparisons.functionRemoved('id-hello');
  await until('no sandbox', () => guarded.live().length === 0);
  await comparisons.stop();
  await expect(comparisons.get(W1, id)).rejects.toMatchObject({ code: 'comparison_not_found' });
});

test('the newest of a function are kept, page by page', async () => {
  await open();
  const { id } = await comparisons.start(W1, 'hello', { ...ASK, count: 1 });
  const done = await ended(id);
  const idOf = (n: number) => `ffffffff-0000-7000-8000-${String(n).padStart(12, '0')}`;
  for (let n = 1; n <= 4; n++) await store.in(W1).comparisons.insert({ ...done, id: idOf(n) }, 'life-1', 3);
  const page = await store.in(W1).comparisons.list('id-hello', { limit: 2 });
  expect([page.items.map((one) => one.comparison.id), page.nextCursor]).toEqual([[idOf(4), idOf(3)], idOf(3)]);
  const rest = await store.in(W1).comparisons.list('id-hello', { limit: 2, cursor: idOf(3) });
  expect([rest.items.map((one) => one.comparison.id), rest.nextCursor]).toEqual([[idOf(2)], null]);
  const wrong = store.in(W1).comparisons.list('id-hello', { limit: 2, cursor: 'x' });
  await expect(wrong).rejects.toMatchObject({ code: 'invalid_request' });
  const orphan = store.in(W1).comparisons.insert({ ...done, id: idOf(9), functionId: 'nobody' }, 'life-1', 3);
  await expect(orphan).rejects.toMatchObject({ code: 'function_not_found' });
});
