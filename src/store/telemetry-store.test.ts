import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InvocationRecord } from '../domain/invocation.ts';
import { ISOLATIONS, OUTCOMES, STARTS } from '../domain/names.ts';
import { openTelemetryStore } from './open-telemetry-store.ts';
import type { MetricsPoint, TelemetryStore } from './telemetry-store.ts';
import { exampleAttempt, exampleId, exampleRecord } from './testing/example-record.ts';
import { keptLog, tempDir } from './testing/temp-dir.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
let dir: Awaited<ReturnType<typeof tempDir>>;
let store: TelemetryStore & { close(): Promise<void> };

beforeEach(async () => {
  dir = await tempDir();
  store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
});

afterEach(async () => {
  await store.close();
  await dir[Symbol.asyncDispose]();
});

test('a record reads back whole: attempts, logs and captured bodies', async () => {
  const record = exampleRecord(exampleId(1), {
    event: '{"a":1}',
    result: null,
    attempts: [exampleAttempt(), exampleAttempt({ number: 2, logs: [] })],
  });
  await store.append({ records: [record], refusals: [] });
  expect(await store.invocation('default', record.id)).toEqual(record);
  expect(await store.invocation('elsewhere', record.id)).toBeNull();
  expect(await store.invocation('default', 'unknown')).toBeNull();
});

test('lists come newest first, page by page, without logs and bodies, and every filter holds', async () => {
  const records = Array.from({ length: 25 }, (_, number) =>
    exampleRecord(exampleId(number), {
      event: '{}',
      functionId: number % 2 === 0 ? 'even' : 'odd',
      outcome: number % 5 === 0 ? 'error' : 'ok',
      start: number === 7 ? 'cold' : 'warm',
      startedAt: new Date(Date.UTC(2026, 0, 1, 0, number)).toISOString(),
    }),
  );
  await store.append({ records, refusals: [] });
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.invocations({ workspaceId: 'default', limit: 10, cursor });
    seen.push(...page.items.map((item) => item.id));
    expect(page.items.every((item) => item.event === null && item.attempts[0]?.logs.length === 0)).toBe(true);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(records.map((record) => record.id).reverse());
  const count = async (filter: object): Promise<number> =>
    (await store.invocations({ workspaceId: 'default', limit: 500, ...filter })).items.length;
  expect(await count({ functionId: 'odd' })).toBe(12);
  expect(await count({ outcome: 'error', functionId: 'even' })).toBe(3);
  for (const cursor of ['nonsense', '', `${exampleId(3)}x`, '\u0000'])
    await expect(count({ cursor }), cursor).rejects.toMatchObject({ code: 'invalid_request' });
  expect(await count({ start: 'cold' })).toBe(1);
  expect(await count({ state: 'running' })).toBe(0);
  expect(await count({ from: '2026-01-01T01:10:00+01:00', to: '2026-01-01T00:20:00Z' })).toBe(10);
  expect(await count({ workspaceId: 'elsewhere' })).toBe(0);
  await expect(count({ from: 'yesterday' })).rejects.toMatchObject({ code: 'invalid_request' });
});

test('I8: a record handed over twice is stored once and counted once', async () => {
  const [first, second] = [exampleRecord(exampleId(1)), exampleRecord(exampleId(2))];
  await store.append({ records: [first, first], refusals: [] });
  await store.append({ records: [first, second], refusals: [] });
  expect((await store.invocations({ workspaceId: 'default', limit: 10 })).items).toHaveLength(2);
  expect((await lastHour()).totals).toMatchObject({ invocations: 2, warm: 2, cpuMs: 8 });
});

test('throttled and rejected calls are counters without records, and survive a restart', async () => {
  const minute = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS).toISOString();
  const refusal = {
    workspaceId: 'default',
    functionId: 'function-1',
    isolation: null,
    outcome: 'throttled' as const,
    minute,
    count: 3,
  };
  await store.append({ records: [], refusals: [refusal, { ...refusal, outcome: 'rejected' }] });
  await store.close();
  store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  await store.append({ records: [], refusals: [refusal] });
  expect((await lastHour()).totals).toMatchObject({ invocations: 0, throttles: 6, p50Ms: null, cpuMs: null });
});

test('logs come newest line first, filtered by text, time and invocation, and a cursor goes on where the page ended', async () => {
  const records = Array.from({ length: 130 }, (_, number) => {
    const at = new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString();
    const logs = [0, 1, 2].map((line) => ({ at, stream: 'stdout' as const, text: `Call ${number} line ${line}` }));
    return exampleRecord(exampleId(number), { startedAt: at, attempts: [exampleAttempt({ logs })] });
  });
  await store.append({ records, refusals: [] });
  const query = { workspaceId: 'default', functionId: 'function-1' };
  const texts: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.logs({ ...query, limit: 100, cursor });
    texts.push(...page.items.map((item) => item.text));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(texts).toEqual(records.flatMap((record) => record.attempts[0]!.logs.map((line) => line.text)).reverse());
  const found = await store.logs({ ...query, contains: 'CALL 12 LINE', limit: 10 });
  expect(found.items.map((item) => item.text)).toEqual(['Call 12 line 2', 'Call 12 line 1', 'Call 12 line 0']);
  expect((await store.logs({ ...query, invocationId: exampleId(3), limit: 10 })).items).toHaveLength(3);
  expect((await store.logs({ ...query, from: '2026-01-01T00:02:00Z', limit: 500 })).items).toHaveLength(30);
  expect((await store.logs({ ...query, workspaceId: 'elsewhere', limit: 10 })).items).toEqual([]);
  await expect(store.logs({ ...query, limit: 10, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
});

test('a chart has one point per step, zeros where nothing happened, and at most 1,000 of them', async () => {
  const now = Date.now();
  const range = (hours: number, stepMs: number) => ({
    workspaceId: 'default',
    from: new Date(now - hours * HOUR_MS).toISOString(),
    to: new Date(now).toISOString(),
    stepMs,
  });
  const metrics = await store.metrics(range(16, 7 * MINUTE_MS));
  expect(metrics.points.length).toBe((Date.parse(metrics.to) - Date.parse(metrics.from)) / (7 * MINUTE_MS));
  expect(metrics.points[0]).toMatchObject({ at: metrics.from, invocations: 0, p99Ms: null });
  await expect(store.metrics(range(16, 90_000))).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(store.metrics(range(16, 0))).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(store.metrics(range(40, MINUTE_MS))).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(store.metrics(range(-1, MINUTE_MS))).rejects.toMatchObject({ code: 'invalid_request' });
  expect((await store.metrics(range(1_000 / 60, MINUTE_MS))).points.length).toBeLessThanOrEqual(1_000);
  expect((await store.metrics(range(24 * 30, MINUTE_MS))).stepMs).toBe(HOUR_MS);
});

test('rollups equal a recount of the records, by minute and by hour, for any mix of calls', {
  timeout: 60_000,
}, async () => {
  let number = 0;
  const newestMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const call = fc.record({
    outcome: fc.constantFrom(...OUTCOMES.slice(0, 6)),
    start: fc.constantFrom(...STARTS),
    isolation: fc.constantFrom(...ISOLATIONS.slice(0, 3)),
    agoMs: fc.integer({ min: 1, max: 5 * HOUR_MS }),
    totalMs: fc.double({ min: 0.02, max: 900_000, noNaN: true }),
    cpuMs: fc.option(fc.integer({ min: 0, max: 1_000 })),
    maxMemoryMib: fc.option(fc.integer({ min: 1, max: 512 })),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { maxLength: 60 }),
      fc.constantFrom(MINUTE_MS, 15 * MINUTE_MS, HOUR_MS),
      async (calls, stepMs) => {
        const functionId = `function-${number}`;
        const records = calls.map(({ agoMs, totalMs, cpuMs, maxMemoryMib, ...names }) => {
          const startedAt = new Date(newestMs - agoMs).toISOString();
          const attempt = exampleAttempt({ startedAt, ...names });
          attempt.receipt!.isolation = names.isolation;
          attempt.phases.totalMs = totalMs;
          attempt.usage = { ...attempt.usage, cpuMs, maxMemoryMib };
          return exampleRecord(exampleId(++number), { functionId, startedAt, ...names, attempts: [attempt] });
        });
        number++;
        const half = Math.ceil(records.length / 2);
        await store.append({ records: records.slice(0, half), refusals: [] });
        await store.append({ records: records.slice(half), refusals: [] });
        const from = new Date(newestMs - 5 * HOUR_MS).toISOString();
        const to = new Date(newestMs).toISOString();
        const metrics = await store.metrics({ workspaceId: 'default', functionId, from, to, stepMs });
        expectFigures(metrics.totals, records);
        for (const point of metrics.points) {
          const within = records.filter(
            ({ startedAt }) => Math.floor(Date.parse(startedAt) / stepMs) * stepMs === Date.parse(point.at),
          );
          expectFigures(point, within);
        }
        for (const start of STARTS)
          expectFigures(
            metrics.byStart[start],
            records.filter((record) => record.start === start),
          );
        for (const isolation of ISOLATIONS) {
          expectFigures(
            metrics.byIsolation[isolation],
            records.filter((record) => record.isolation === isolation),
          );
        }
      },
    ),
    { numRuns: 25 },
  );
});

function lastHour() {
  const now = Date.now();
  const [from, to] = [new Date(now - HOUR_MS).toISOString(), new Date(now + MINUTE_MS).toISOString()];
  return store.metrics({ workspaceId: 'default', from, to, stepMs: MINUTE_MS });
}

/** Counts the records anew and compares; percentiles within the width of a histogram bucket. */
function expectFigures(figures: Omit<MetricsPoint, 'at'> | undefined, records: InvocationRecord[]): void {
  if (figures === undefined) {
    expect(records).toEqual([]);
    return;
  }
  const attempts = records.map((record) => record.attempts[0]!);
  const cpu = attempts.map((attempt) => attempt.usage.cpuMs).filter((ms) => ms !== null);
  const memory = attempts.map((attempt) => attempt.usage.maxMemoryMib).filter((mib) => mib !== null);
  expect(figures).toMatchObject({
    invocations: records.length,
    errors: attempts.filter((attempt) => !['ok', 'cancelled'].includes(attempt.outcome)).length,
    cold: attempts.filter((attempt) => attempt.start === 'cold').length,
    claimed: attempts.filter((attempt) => attempt.start === 'claimed').length,
    warm: attempts.filter((attempt) => attempt.start === 'warm').length,
    cpuMs: cpu.length === 0 ? null : cpu.reduce((sum, ms) => sum + ms, 0),
    maxMemoryMib: memory.length === 0 ? null : Math.max(...memory),
  });
  const durations = attempts.map((attempt) => attempt.phases.totalMs).sort((a, b) => a - b);
  for (const [quantile, value] of [
    [0.5, figures.p50Ms],
    [0.95, figures.p95Ms],
    [0.99, figures.p99Ms],
  ] as const) {
    if (durations.length === 0) expect(value).toBeNull();
    else expect(Math.abs(value! / durations[Math.ceil(quantile * durations.length) - 1]! - 1)).toBeLessThan(0.051);
  }
}
