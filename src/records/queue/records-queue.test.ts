import { expect, test, vi } from 'vitest';
import type { InvocationRecord } from '../../domain/invocation.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { openTelemetryStore } from '../../store/open-telemetry-store.ts';
import { exampleAttempt, exampleId, exampleRecord } from '../../store/testing/example-record.ts';
import { keptLog, tempDir } from '../../store/testing/temp-dir.ts';
import { LiveFeed } from '../live/live-feed.ts';
import type { Payloads } from '../records.ts';
import { type RecordsOptions, RecordsQueue } from './records-queue.ts';

const NOTHING: Payloads = { event: new Uint8Array(), result: null, capture: 'none' };
const QUERY = { workspaceId: 'default', limit: 100 };
const emptyPage = async () => ({ items: [], nextCursor: null });
const EMPTY_STORE: RecordsOptions['store'] = {
  append: async () => {},
  invocation: async () => null,
  invocations: emptyPage,
  logs: emptyPage,
};

async function realQueue() {
  const dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const records = new RecordsQueue({ store, feed: new LiveFeed(1), log: keptLog() });
  const end = async (): Promise<void> => {
    await records.stop();
    await store.close();
    await dir[Symbol.asyncDispose]();
  };
  return { store, records, [Symbol.asyncDispose]: end };
}

/** A store in the state a test names: it fails, hangs, or takes what comes. */
function brokenStore(append: RecordsOptions['store']['append']) {
  const log = keptLog();
  const store = { ...EMPTY_STORE, append };
  return { log, records: new RecordsQueue({ store, feed: new LiveFeed(1), log }) };
}

test('I8: a graceful stop loses none of what had finished', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const records = new RecordsQueue({ store, feed: new LiveFeed(1), log: keptLog() });
  for (let number = 0; number < 1_000; number++) records.ended(exampleRecord(exampleId(number)), NOTHING);
  records.refused({
    id: 'r',
    workspaceId: 'default',
    functionId: 'function-1',
    isolation: 'docker',
    outcome: 'throttled',
  });
  await records.stop();
  const now = Date.now();
  const [from, to] = [new Date(now - 3_600_000).toISOString(), new Date(now + 60_000).toISOString()];
  const { totals } = await store.metrics({ workspaceId: 'default', from, to, stepMs: 60_000 });
  expect(totals).toMatchObject({ invocations: 1_000, throttles: 1 });
  expect(records.stats()).toMatchObject({ queued: 0, queuedBytes: 0, lost: 0 });
  await store.close();
});

test('logs hold the output of a call that has just ended, and do not hang with the store', async () => {
  await using queue = await realQueue();
  const record = exampleRecord(exampleId(1));
  queue.records.ended(record, NOTHING);
  const page = await queue.records.logs({ ...QUERY, functionId: record.functionId });
  expect(page.items.map((line) => line.text).reverse()).toEqual(record.attempts[0]?.logs.map((line) => line.text));
  expect(page.items.length).toBeGreaterThan(0);
  const hanging = brokenStore(() => new Promise(() => {}));
  hanging.records.ended(record, NOTHING);
  expect((await hanging.records.logs({ ...QUERY, functionId: record.functionId })).items).toEqual([]);
});

test('records reach the store by themselves, soon, without a flush', async () => {
  await using queue = await realQueue();
  queue.records.ended(exampleRecord(exampleId(1)), NOTHING);
  await vi.waitFor(async () => expect(await queue.store.invocation('default', exampleId(1))).not.toBeNull(), {
    timeout: 5_000,
  });
});

test('running and not yet stored calls are read from memory, filtered and paged together with the stored ones', async () => {
  await using queue = await realQueue();
  for (let number = 0; number < 10; number++) queue.records.ended(exampleRecord(exampleId(number)), NOTHING);
  await queue.records.flush();
  queue.records.ended(exampleRecord(exampleId(10)), NOTHING);
  const running = exampleRecord(exampleId(11), { state: 'running', outcome: null, attempts: [] });
  queue.records.began(running);
  expect(await queue.records.get('default', running.id)).toBe(running);
  expect(await queue.records.get('elsewhere', running.id)).toBeNull();
  expect((await queue.records.get('default', exampleId(3)))?.id).toBe(exampleId(3));
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await queue.records.list({ ...QUERY, limit: 5, cursor });
    seen.push(...page.items.map((item) => item.id));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(Array.from({ length: 12 }, (_, number) => exampleId(11 - number)));
  expect((await queue.records.list({ ...QUERY, state: 'running' })).items.map((item) => item.id)).toEqual([running.id]);
  queue.records.refused({ ...running, outcome: 'throttled' });
  expect((await queue.records.list({ ...QUERY, state: 'running' })).items).toEqual([]);
});

test('bodies are captured only after the call, by policy, and a full one is left out', async () => {
  await using queue = await realQueue();
  const bodies = (capture: Payloads['capture'], bytes = 10): Payloads => ({
    event: Buffer.from(JSON.stringify('x'.repeat(bytes))),
    result: Buffer.from('{}'),
    capture,
  });
  const records = ['all', 'errors', 'none', 'all'].map((_, number) => exampleRecord(exampleId(number)));
  queue.records.ended(records[0]!, bodies('all'));
  queue.records.ended(records[1]!, bodies('errors'));
  queue.records.ended({ ...records[2]!, outcome: 'error' }, bodies('errors'));
  queue.records.ended(records[3]!, bodies('all', 70_000));
  expect(records[0]!.event).toBeNull();
  await queue.records.flush();
  const stored = await Promise.all(records.map((record) => queue.store.invocation('default', record.id)));
  expect(stored.map((record) => record?.event)).toEqual(['"xxxxxxxxxx"', null, '"xxxxxxxxxx"', null]);
  expect(stored.map((record) => record?.result)).toEqual(['{}', null, '{}', '{}']);
  // The live feed keeps the records for long: their bodies must not stay with them.
  expect(records.map((record) => [record.event, record.result])).toEqual(records.map(() => [null, null]));
});

test('I10: a store that stands still stops admission at 20,000 rows or 64 MiB, and memory stays bounded beyond', async () => {
  const hanging = brokenStore(() => new Promise(() => {}));
  for (let number = 0; number < 20_000; number++) {
    expect(hanging.records.accepting).toBe(true);
    hanging.records.ended(exampleRecord(exampleId(number), { attempts: [] }), NOTHING);
  }
  expect(hanging.records.accepting).toBe(false);
  const heavy = brokenStore(() => new Promise(() => {}));
  const text = 'x'.repeat(250_000);
  for (let number = 0; number < 1_000; number++) {
    const logs = [{ at: '2026-01-01T00:00:00.000Z', stream: 'stdout' as const, text }];
    heavy.records.ended(exampleRecord(exampleId(number), { attempts: [exampleAttempt({ logs })] }), NOTHING);
  }
  expect(heavy.records.accepting).toBe(false);
  expect(heavy.records.stats().queuedBytes).toBeLessThan(100 * 1024 * 1024);
  expect(heavy.records.stats().queued).toBe(1_000);
});

test('a batch the store refuses for a while is tried again and stored once', async () => {
  const stored: InvocationRecord[] = [];
  let refusals = 2;
  const { records, log } = brokenStore(async (batch) => {
    if (refusals-- > 0) throw new ColdframeError('storage_full');
    stored.push(...batch.records);
  });
  records.ended(exampleRecord(exampleId(1)), NOTHING);
  records.ended(exampleRecord(exampleId(1)), NOTHING);
  await records.stop();
  expect([stored.length, log.lines.length, records.stats().lost]).toEqual([1, 0, 0]);
});

test('a record that cannot be stored is counted as lost and logged, and its neighbours are stored', async () => {
  const stored: string[] = [];
  const { records, log } = brokenStore(async (batch) => {
    if (batch.records.some((record) => record.functionName === 'poison')) throw new ColdframeError('internal');
    stored.push(...batch.records.map((record) => record.id));
  });
  for (let number = 0; number < 5; number++) {
    records.ended(exampleRecord(exampleId(number), number === 2 ? { functionName: 'poison' } : {}), NOTHING);
  }
  await records.stop();
  expect(stored).toEqual([0, 1, 3, 4].map(exampleId));
  expect([records.stats().lost, log.lines]).toEqual([1, ['records of calls could not be stored and are lost']]);
});

test('the feed tells of the beginning, the end and the output of a call, in order', async () => {
  const feed = new LiveFeed(1);
  const records = new RecordsQueue({ store: EMPTY_STORE, feed, log: keptLog() });
  const seen: string[] = [];
  const topics = new Set(['invocations', 'logs'] as const);
  feed.subscribe(
    { topics, afterId: null },
    ({ event }) => seen.push('kind' in event ? event.kind : event.topic),
    () => {},
  );
  const record = exampleRecord(exampleId(1));
  records.began(record);
  records.ended(record, NOTHING);
  expect(seen).toEqual(['began', 'finished', 'logs']);
  const refused = exampleRecord(exampleId(2), { attempts: [] });
  records.began(refused);
  records.refused({ ...refused, outcome: 'throttled' });
  records.refused({ ...refused, id: 'never began', outcome: 'throttled' });
  expect(seen.slice(3)).toEqual(['began', 'finished']);
  await records.stop();
});

test('a later attempt of an invocation is read and listed together with those stored and those that wait, and lets its row go on', async () => {
  await using queue = await realQueue();
  const id = exampleId(1);
  const attempt = (number: number, more: Partial<InvocationRecord> = {}): InvocationRecord =>
    exampleRecord(id, {
      mode: 'async',
      state: 'retrying',
      outcome: null,
      finishedAt: null,
      attempts: [exampleAttempt({ number, outcome: 'error' })],
      ...more,
    });
  const numbers = async (): Promise<number[] | undefined> =>
    (await queue.records.get('default', id))?.attempts.map(({ number }) => number);
  queue.records.ended(attempt(1), { event: Buffer.from('{"n":1}'), result: null, capture: 'errors' });
  await queue.records.flush();
  queue.records.ended(attempt(2), NOTHING);
  expect(await numbers()).toEqual([1, 2]);
  queue.records.ended(attempt(3), NOTHING);
  expect(queue.records.stats().queued).toBe(1);
  expect(await numbers()).toEqual([1, 2, 3]);
  const running = attempt(4, { state: 'running', attempts: [] });
  queue.records.began(running);
  expect(await numbers()).toEqual([1, 2, 3]);
  expect(await queue.records.get('default', id)).toMatchObject({ state: 'running', event: '{"n":1}' });
  const listed = async (state: InvocationRecord['state']): Promise<number> =>
    (await queue.records.list({ ...QUERY, state })).items.length;
  expect([await listed('running'), await listed('retrying')]).toEqual([1, 0]);
  Object.assign(running, attempt(4, { state: 'finished', outcome: 'ok', finishedAt: new Date().toISOString() }));
  queue.records.ended(running, NOTHING);
  await queue.records.flush();
  expect(await queue.store.invocation('default', id)).toMatchObject({
    state: 'finished',
    event: '{"n":1}',
    attempts: [{ number: 1 }, { number: 2 }, { number: 3 }, { number: 4 }],
  });
  expect(queue.records.stats()).toMatchObject({ queued: 0, queuedBytes: 0, running: 0 });
  const again = attempt(5, { state: 'running', attempts: [] });
  queue.records.began(again);
  queue.records.withdrawn(again);
  expect(queue.records.stats().running).toBe(0);
});
