import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { AttemptRecord } from '../domain/invocation.ts';
import { openTelemetryStore } from './open-telemetry-store.ts';
import { ROW_BYTES } from './telemetry/retention/record-bytes.ts';
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

test('a flood of records of one function takes none of another’s', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog(), bytesMax: 4 * 1024 * 1024 });
  const quiet = Array.from({ length: 40 }, (_, number) =>
    exampleRecord(exampleId(number), { functionId: 'quiet', attempts: [printed(20_000)] }),
  );
  await store.append({ records: quiet, refusals: [] });
  for (let batch = 1; batch <= 10; batch++) {
    const flood = Array.from({ length: 100 }, (_, number) =>
      exampleRecord(exampleId(batch * 100 + number), { functionId: 'flood', attempts: [printed(20_000)] }),
    );
    await store.append({ records: flood, refusals: [] });
  }
  await pruneAll(store);
  const listed = async (functionId: string) =>
    (await store.invocations({ workspaceId: 'default', functionId, limit: 500 })).items.map(({ id }) => id);
  expect(await listed('quiet')).toEqual(quiet.map(({ id }) => id).reverse());
  const flood = await listed('flood');
  expect(flood[0]).toBe(exampleId(1_099));
  expect(flood.length).toBeGreaterThan(40);
  expect(flood.length).toBeLessThan(180);
  await store.close();
});

test('the volume of each function is what its records take, after attempts, repeats, bodies and retention too', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog(), bytesMax: 1024 * 1024 });
  const old = new Date(Date.now() - 8 * DAY_MS).toISOString();
  for (let round = 0; round < 6; round++) {
    const records = Array.from({ length: 60 }, (_, number) => {
      const attempts = [printed(number * 100), failed(2)].slice(0, 1 + ((number + round) % 2));
      const startedAt = number < 5 ? old : new Date().toISOString();
      const bodies = { event: number % 3 === 0 ? 'é\ud800\0' : null, result: round % 2 === 0 ? '"ok"' : null };
      return exampleRecord(exampleId(number + round * 20), {
        functionId: `function-${number % 4}`,
        startedAt,
        attempts,
        ...bodies,
      });
    });
    await store.append({ records, refusals: [] });
  }
  await expectVolumesToBeExact(dir.path);
  const steps = await pruneAll(store);
  expect(steps.length).toBeGreaterThan(2);
  await store.close();
  await expectVolumesToBeExact(dir.path);
});

test('volumes of an existing database are summed up at its upgrade, and one without records holds nothing up', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const records = Array.from({ length: 100 }, (_, number) =>
    exampleRecord(exampleId(number), {
      functionId: `function-${number % 3}`,
      event: '{}',
      attempts: [printed(20_000)],
    }),
  );
  await store.append({ records, refusals: [] });
  await store.close();
  const database = new DatabaseSync(join(dir.path, 'telemetry.db'));
  database.exec('drop table function_volumes; delete from schema_migrations where number = 3');
  database.close();
  await (await openTelemetryStore({ dataDir: dir.path, log: keptLog() })).close();
  await expectVolumesToBeExact(dir.path);

  const ghost = new DatabaseSync(join(dir.path, 'telemetry.db'));
  ghost.exec("insert into function_volumes values ('default', 'ghost', 1000000000)");
  ghost.close();
  const small = await openTelemetryStore({ dataDir: dir.path, log: keptLog(), bytesMax: 1024 * 1024 });
  await pruneAll(small);
  const left = (await small.invocations({ workspaceId: 'default', limit: 500 })).items;
  expect(left.length).toBeGreaterThan(10);
  expect(left.length).toBeLessThan(60);
  await small.close();
  await expectVolumesToBeExact(dir.path);
});

/** Weighs every record anew. */
async function expectVolumesToBeExact(dataDir: string): Promise<void> {
  const database = new DatabaseSync(join(dataDir, 'telemetry.db'), { readOnly: true });
  const weighed = database.prepare(`
    select workspace_id, function_id, ${ROW_BYTES}
      + coalesce((select sum(${ROW_BYTES} + octet_length(fields_json) + coalesce(octet_length(error_type), 0)
        + coalesce(octet_length(top_frame), 0) + coalesce(octet_length(lines_json), 0))
        from attempts where invocation_id = id), 0)
      + coalesce((select coalesce(octet_length(event), 0) + coalesce(octet_length(result), 0)
        from payloads where invocation_id = id), 0) as bytes
    from invocations`);
  const grouped = `select workspace_id, function_id, sum(bytes) as bytes from (${weighed.sourceSQL})
    group by workspace_id, function_id order by function_id`;
  const kept = database.prepare('select * from function_volumes order by function_id').all();
  expect(kept.length).toBeGreaterThan(0);
  expect(kept).toEqual(database.prepare(grouped).all());
  database.close();
}

function printed(chars: number): AttemptRecord {
  return exampleAttempt({ logs: [{ at: new Date().toISOString(), stream: 'stdout', text: 'x'.repeat(chars) }] });
}

function failed(number: number): AttemptRecord {
  const error = { errorType: 'Odd\0Type', errorMessage: 'é', stackTrace: ['    at f (/var/task/a.js:3:1)'] };
  return exampleAttempt({ number, outcome: 'error', code: 'function_error', error });
}

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
