import { expect, test } from 'vitest';
import { openTelemetryStore } from './open-telemetry-store.ts';
import type { TelemetryStore } from './telemetry-store.ts';
import { exampleAttempt, exampleId, exampleRecord } from './testing/example-record.ts';
import { keptLog, tempDir } from './testing/temp-dir.ts';

const DAY_MS = 24 * 3_600_000;

test('pruning by age removes old records in bounded steps and leaves every chart as it was', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const old = new Date(Date.now() - 8 * DAY_MS).toISOString();
  const records = Array.from({ length: 500 }, (_, number) =>
    exampleRecord(exampleId(number), number < 450 ? { startedAt: old, event: '{}' } : {}),
  );
  await store.append({ records, refusals: [] });
  const before = await chart(store);
  const steps = await pruneAll(store);
  expect(steps).toEqual([200, 200, 50, 1, 0]);
  expect(Math.max(...steps)).toBeLessThanOrEqual(200);
  expect((await store.invocations({ workspaceId: 'default', limit: 500 })).items).toHaveLength(50);
  expect(await store.invocation('default', exampleId(0))).toBeNull();
  expect(await chart(store)).toEqual(before);
  await store.close();
});

test('pruning by size removes the oldest records until the database is small enough, and gives the space back', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog(), bytesMax: 4 * 1024 * 1024 });
  const text = 'x'.repeat(20_000);
  for (let batch = 0; batch < 10; batch++) {
    const records = Array.from({ length: 100 }, (_, number) => {
      const logs = [{ at: new Date().toISOString(), stream: 'stdout' as const, text }];
      return exampleRecord(exampleId(batch * 100 + number), { attempts: [exampleAttempt({ logs })] });
    });
    await store.append({ records, refusals: [] });
  }
  await pruneAll(store);
  const left = (await store.invocations({ workspaceId: 'default', limit: 500 })).items;
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(220);
  expect(left[0]?.id).toBe(exampleId(999));
  for (let turn = 0; turn < 20; turn++) await store.prune(new Date().toISOString());
  await store.close();
  const reopened = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  expect((await reopened.size()).databaseBytes).toBeLessThan(8 * 1024 * 1024);
  await reopened.close();
});

test('removing a function removes its records, logs and charts and nothing of others', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const records = Array.from({ length: 450 }, (_, number) =>
    exampleRecord(exampleId(number), { functionId: number % 9 === 0 ? 'other' : 'gone' }),
  );
  await store.append({ records, refusals: [] });
  await store.removeFunction('gone');
  expect((await store.invocations({ workspaceId: 'default', limit: 500 })).items).toHaveLength(50);
  expect((await store.logs({ workspaceId: 'default', functionId: 'gone', limit: 10 })).items).toEqual([]);
  expect((await chart(store)).totals.invocations).toBe(50);
  await store.append({ records: [exampleRecord(exampleId(9_000), { functionId: 'gone' })], refusals: [] });
  expect((await chart(store)).totals.invocations).toBe(51);
  await store.close();
});

async function pruneAll(store: TelemetryStore): Promise<number[]> {
  const steps: number[] = [];
  for (let turn = 0; turn < 100; turn++) {
    const removed = await store.prune(new Date().toISOString());
    steps.push(removed);
    if (removed === 0) return steps;
  }
  throw new Error('pruning never ends');
}

function chart(store: TelemetryStore) {
  const to = new Date(Math.ceil(Date.now() / DAY_MS) * DAY_MS);
  const from = new Date(to.getTime() - 30 * DAY_MS);
  return store.metrics({ workspaceId: 'default', from: from.toISOString(), to: to.toISOString(), stepMs: DAY_MS });
}
