import { expect, test } from 'vitest';
import { exampleId, exampleRecord } from '../../store/testing/example-record.ts';
import { LISTENERS_MAX, type LiveEntry, LiveFeed, type LiveGap, type LiveTopic } from './live-feed.ts';

function listen(
  feed: LiveFeed,
  topics: LiveTopic[],
  afterId: number | null,
  filter: { functionId?: string; workspaceId?: string } = {},
) {
  const seen: number[] = [];
  const gaps: LiveGap[] = [];
  const end = feed.subscribe(
    { topics: new Set(topics), afterId, ...filter },
    (entry: LiveEntry) => seen.push(entry.id),
    (gap) => gaps.push(gap),
  );
  return { seen, gaps, end };
}

/** A feed that somebody has just asked where it is, and may come back to. */
function keptFeed(firstId?: number): LiveFeed {
  const feed = new LiveFeed(firstId);
  expect(feed.latestId).toBeGreaterThanOrEqual(0);
  return feed;
}

function publish(feed: LiveFeed, count: number): void {
  for (let number = 0; number < count; number++) feed.publish({ topic: 'pool', data: { number } });
}

test('ids rise by one, and each listener sees its topics in order', () => {
  const feed = new LiveFeed(10);
  const pool = listen(feed, ['pool'], null);
  const host = listen(feed, ['host'], null);
  feed.publish({ topic: 'pool', data: {} });
  feed.publish({ topic: 'host', data: {} });
  feed.publish({ topic: 'pool', data: {} });
  expect([pool.seen, host.seen]).toEqual([[10, 12], [11]]);
});

test('a listener that comes back gets what it missed, without a gap while the buffer reaches back', () => {
  const feed = keptFeed(1);
  publish(feed, 100);
  const back = listen(feed, ['pool'], 97);
  publish(feed, 1);
  expect([back.seen, back.gaps]).toEqual([[98, 99, 100, 101], []]);
  expect(listen(feed, ['pool'], 101)).toMatchObject({ seen: [], gaps: [] });
});

test('what the buffer no longer holds is told as one gap, and so is an id of another life', () => {
  const feed = keptFeed(1);
  publish(feed, 2_500);
  const late = listen(feed, ['pool'], 100);
  expect(late.gaps).toEqual([{ fromId: 101, toId: 500 }]);
  expect([late.seen[0], late.seen.length]).toEqual([501, 2_000]);
  const foreign = listen(feed, ['pool'], 999_999);
  expect([foreign.gaps.length, foreign.seen.length]).toEqual([1, 2_000]);
  expect(new LiveFeed().buffered.events).toBe(0);
});

test('invocations and logs are filtered by function and workspace; pool and host are everybody’s', () => {
  const feed = new LiveFeed(1);
  const mine = listen(feed, ['invocations', 'logs', 'pool'], null, { functionId: 'a', workspaceId: 'default' });
  feed.publish({ topic: 'invocations', kind: 'began', record: exampleRecord(exampleId(1), { functionId: 'a' }) });
  feed.publish({ topic: 'invocations', kind: 'began', record: exampleRecord(exampleId(2), { functionId: 'b' }) });
  feed.publish({
    topic: 'invocations',
    kind: 'began',
    record: exampleRecord(exampleId(3), { functionId: 'a', workspaceId: 'x' }),
  });
  feed.publish({
    topic: 'logs',
    workspaceId: 'default',
    functionId: 'a',
    functionName: 'a',
    invocationId: 'i',
    lines: [],
  });
  publish(feed, 1);
  expect(mine.seen).toEqual([1, 4, 5]);
});

test('who resumes sees a call begin and end as it did, in summaries without logs, though the record went on', () => {
  const feed = keptFeed(1);
  const record = exampleRecord(exampleId(1), { state: 'running', outcome: null, finishedAt: null, attempts: [] });
  feed.publish({ topic: 'invocations', kind: 'began', record });
  Object.assign(record, exampleRecord(record.id));
  feed.publish({ topic: 'invocations', kind: 'finished', record });
  const seen: unknown[] = [];
  feed.subscribe(
    { topics: new Set(['invocations'] as const), afterId: 0 },
    (entry) => seen.push(JSON.parse(entry.json())),
    () => {},
  );
  const attempts = record.attempts.map((attempt) => ({ ...attempt, logs: [] }));
  expect(seen).toMatchObject([
    { kind: 'began', record: { state: 'running', outcome: null, finishedAt: null, attempts: [] } },
    { kind: 'finished', record: { ...record, attempts } },
  ]);
  expect(record.attempts[0]?.logs).toHaveLength(1);
});

test('I10: the buffer is bounded in bytes as well as in events', () => {
  const feed = keptFeed(1);
  const lines = [{ at: '', stream: 'stdout' as const, text: 'x'.repeat(200_000) }];
  for (let number = 0; number < 500; number++) {
    feed.publish({ topic: 'logs', workspaceId: 'w', functionId: 'f', functionName: 'f', invocationId: 'i', lines });
  }
  expect(feed.buffered.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect(feed.buffered.events).toBeGreaterThan(5);
  publish(feed, 10_000);
  expect(feed.buffered.events).toBeLessThanOrEqual(2_000);
});

test('a listener that throws is dropped and harms neither the call nor the others', () => {
  const feed = keptFeed(1);
  feed.subscribe(
    { topics: new Set(['pool'] as const), afterId: null },
    () => {
      throw new Error('gone');
    },
    () => {},
  );
  const other = listen(feed, ['pool'], null);
  publish(feed, 2);
  expect([other.seen, feed.listenerCount]).toEqual([[1, 2], 1]);
});

test('listeners are bounded, ending twice is harmless, and producers learn who listens', () => {
  const feed = new LiveFeed(1);
  let changes = 0;
  const stop = feed.onListenersChanged(() => changes++);
  const ends = Array.from({ length: LISTENERS_MAX }, () => listen(feed, ['host'], null).end);
  expect(listen(feed, ['host'], null).end).toBeNull();
  expect([feed.hasListeners('host'), feed.hasListeners('pool')]).toEqual([true, false]);
  for (const end of [...ends, ...ends]) end?.();
  expect([feed.hasListeners('host'), changes]).toEqual([false, 2 * LISTENERS_MAX]);
  stop();
});

test('nothing is kept while nobody listens, from five minutes after the last one left', () => {
  let nowMs = 0;
  const feed = new LiveFeed(1, () => nowMs);
  publish(feed, 10);
  expect(feed.buffered).toEqual({ events: 0, bytes: 0 });
  listen(feed, ['pool'], null).end?.();
  publish(feed, 10);
  expect(feed.buffered.events).toBe(10);
  nowMs = 4 * 60_000;
  expect(listen(feed, ['pool'], 15)).toMatchObject({ seen: [16, 17, 18, 19, 20], gaps: [] });
});

test('who comes back later than that is told of the gap, and ids go on', () => {
  let nowMs = 0;
  const feed = new LiveFeed(1, () => nowMs);
  listen(feed, ['pool'], null).end?.();
  publish(feed, 10);
  nowMs = 5 * 60_000;
  publish(feed, 10);
  expect(feed.buffered).toEqual({ events: 0, bytes: 0 });
  const back = listen(feed, ['pool'], 10);
  publish(feed, 1);
  expect(back).toMatchObject({ seen: [21], gaps: [{ fromId: 11, toId: 20 }] });
});
