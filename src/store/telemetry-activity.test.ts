import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTelemetryStore } from './open-telemetry-store.ts';
import type { TelemetryStore } from './telemetry-store.ts';
import { exampleAttempt, exampleId, exampleRecord } from './testing/example-record.ts';
import { keptLog, tempDir } from './testing/temp-dir.ts';

const MINUTE_MS = 60_000;
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

/** A whole number of minutes before now. */
function minutesAgo(minutes: number): string {
  return new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS).toISOString();
}

function lastHour() {
  return { workspaceId: 'default', from: minutesAgo(60), to: minutesAgo(-1), stepMs: MINUTE_MS };
}

test('each function’s activity: counts, error rate, p95, sparkline and last outcome, of one workspace alone', async () => {
  const call = (number: number, functionId: string, minutes: number, outcome: 'ok' | 'error', totalMs = 10) => {
    const startedAt = minutesAgo(minutes);
    const phases = { queueMs: 0, claimMs: null, loadMs: null, importMs: null, handlerMs: totalMs, totalMs };
    const attempts = [exampleAttempt({ startedAt, outcome, phases })];
    return exampleRecord(exampleId(number), { functionId, startedAt, outcome, attempts });
  };
  await store.append({
    records: [
      call(1, 'busy', 30, 'error'),
      call(2, 'busy', 30, 'ok'),
      call(3, 'busy', 2, 'ok'),
      call(4, 'busy', 1, 'ok', 500),
      call(5, 'quiet', 300, 'error'),
      { ...call(6, 'foreign', 1, 'ok'), workspaceId: 'elsewhere' },
    ],
    refusals: [
      {
        workspaceId: 'default',
        functionId: 'busy',
        isolation: null,
        outcome: 'throttled',
        minute: minutesAgo(2),
        count: 7,
      },
    ],
  });
  const { items, from, stepMs } = await store.functionsActivity(lastHour());
  expect(items.map((item) => item.functionId).sort()).toEqual(['busy', 'quiet']);
  const busy = items.find((item) => item.functionId === 'busy')!;
  expect(busy).toMatchObject({ invocations: 4, errors: 1, throttles: 7, errorRate: 0.25, lastOutcome: 'ok' });
  expect(busy.p95Ms).toBeGreaterThan(450);
  expect(busy.lastAt).toBe(minutesAgo(1));
  const stepAt = (minutes: number) => busy.sparkline[(Date.parse(minutesAgo(minutes)) - Date.parse(from)) / stepMs];
  expect([stepAt(30), stepAt(2), stepAt(1), busy.sparkline.reduce((sum, n) => sum + n, 0)]).toEqual([2, 1, 1, 4]);
  const quiet = items.find((item) => item.functionId === 'quiet');
  expect(quiet).toMatchObject({ invocations: 0, errorRate: null, p95Ms: null, lastOutcome: 'error' });
});

test('failures are grouped by type and top frame, with first and last seen, count and the newest message', async () => {
  const node = (line: number) => [
    `    at inner (file:///var/task/index.mjs:${line}:9)`,
    '    at handler (/var/task/a.js:1:1)',
  ];
  const python = (line: number) => [
    '  File "/var/task/index.py", line 1, in handler\n',
    `  File "/var/task/index.py", line ${line}, in inner\n`,
  ];
  let number = 0;
  const failure = (minutes: number, errorType: string, stackTrace: string[], over: object = {}) => {
    const startedAt = minutesAgo(minutes);
    const error = { errorType, errorMessage: `message ${++number}`, stackTrace };
    const attempts = [exampleAttempt({ startedAt, outcome: 'error', code: 'function_error', error, ...over })];
    return exampleRecord(exampleId(number), { startedAt, outcome: 'error', attempts });
  };
  await store.append({
    records: [
      failure(50, 'TypeError', node(3)),
      failure(40, 'TypeError', node(3)),
      failure(30, 'TypeError', node(8)),
      failure(20, 'ValueError', python(7), { runtime: 'python3.11' }),
      failure(10, 'TypeError', node(3)),
      failure(5, 'Remote', ['    at lib (/var/task/node_modules/x/i.js:1:1)', ...node(4)]),
      exampleRecord(exampleId(100), {
        outcome: 'timeout',
        attempts: [exampleAttempt({ outcome: 'timeout', code: 'function_timeout' })],
      }),
      exampleRecord(exampleId(101)),
      { ...failure(1, 'TypeError', node(3)), workspaceId: 'elsewhere' },
      { ...failure(1, 'TypeError', node(3)), functionId: 'other' },
    ],
    refusals: [],
  });
  const of = { workspaceId: 'default', functionId: 'function-1' };
  const { groups, failures, isComplete } = await store.functionErrors(of);
  expect([failures, isComplete]).toEqual([7, true]);
  expect(groups[0]).toEqual({
    errorType: 'TypeError',
    topFrame: node(3)[0],
    outcome: 'error',
    count: 3,
    firstAt: minutesAgo(50),
    lastAt: minutesAgo(10),
    lastInvocationId: exampleId(5),
    lastMessage: 'message 5',
  });
  const frames = new Map(groups.map((group) => [`${group.errorType} ${group.count}`, group.topFrame]));
  expect(frames.get('TypeError 1')).toBe(node(8)[0]);
  expect(frames.get('ValueError 1')).toBe(python(7)[1]);
  expect(frames.get('Remote 1')).toBe(node(4)[0]);
  expect(groups.find((group) => group.outcome === 'timeout')).toMatchObject({
    errorType: 'function_timeout',
    topFrame: null,
    lastMessage: '',
  });
  const range = await store.functionErrors({ ...of, from: minutesAgo(45), to: minutesAgo(25) });
  expect(range.groups.map((group) => group.count)).toEqual([1, 1]);
});

test('average concurrency is the attempts’ time over the time of the step', async () => {
  const startedAt = minutesAgo(5);
  const phases = { queueMs: 0, claimMs: null, loadMs: null, importMs: null, handlerMs: 20_000, totalMs: 20_000 };
  const records = Array.from({ length: 6 }, (_, number) =>
    exampleRecord(exampleId(number), { startedAt, attempts: [exampleAttempt({ startedAt, phases })] }),
  );
  await store.append({ records, refusals: [] });
  const { points, totals, stepMs } = await store.metrics(lastHour());
  const point = points.find((one) => one.at === startedAt)!;
  expect(point.averageConcurrency).toBeGreaterThan(2 * 0.95);
  expect(point.averageConcurrency).toBeLessThan(2 * 1.05);
  expect(totals.averageConcurrency).toBeCloseTo((point.averageConcurrency * stepMs) / (points.length * stepMs), 2);
  expect(points[0]?.averageConcurrency).toBe(0);
});

test('drafts that were only tried are in no list, chart, rate or group of errors unless asked for', async () => {
  const startedAt = minutesAgo(2);
  const failed = (number: number, over: object = {}) =>
    exampleRecord(exampleId(number), {
      functionId: 'mine',
      startedAt,
      outcome: 'error',
      attempts: [
        exampleAttempt({
          startedAt,
          outcome: 'error',
          error: { errorType: 'TypeError', errorMessage: 'no', stackTrace: [], cause: null } as never,
        }),
      ],
      ...over,
    });
  const well = exampleRecord(exampleId(1), {
    functionId: 'mine',
    startedAt,
    attempts: [exampleAttempt({ startedAt })],
  });
  await store.append({ records: [well, failed(2), failed(3, { trigger: 'try' })], refusals: [] });
  const { totals } = await store.metrics({ ...lastHour(), functionId: 'mine' });
  expect(totals).toMatchObject({ invocations: 2, errors: 1, errorRate: 0.5 });
  const { items } = await store.functionsActivity(lastHour());
  expect(items[0]).toMatchObject({ invocations: 2, errors: 1, errorRate: 0.5, lastAt: startedAt });
  const of = { workspaceId: 'default', functionId: 'mine' };
  expect((await store.functionErrors(of)).failures).toBe(1);
  expect((await store.functionErrors({ ...of, tried: true })).failures).toBe(2);
  const ids = async (query: object) =>
    (await store.invocations({ ...of, limit: 10, ...query })).items.map(({ id }) => id);
  expect(await ids({ outcome: 'failed' })).toEqual([exampleId(2)]);
  expect(await ids({ tried: true })).toEqual([exampleId(3), exampleId(2), exampleId(1)]);
  expect(await ids({ functionId: undefined, functionName: 'hello' })).toEqual([exampleId(2), exampleId(1)]);
});
