import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { AttemptRecord, InvocationRecord } from '../domain/invocation.ts';
import { openTelemetryStore } from './open-telemetry-store.ts';
import { migrate } from './sqlite/migrate.ts';
import { type OpenDatabase, openForWriting } from './sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from './telemetry/telemetry-migrations.ts';
import { exampleAttempt, exampleId, exampleRecord } from './testing/example-record.ts';
import { keptLog, tempDir } from './testing/temp-dir.ts';

const AT = '2026-01-01T10:00:00.007Z';
const PAGE = { workspaceId: 'default', limit: 100 };

test('what the first schema recorded is all there after the upgrade, and is not stored again', async () => {
  await using dir = await tempDir();
  const records = [
    exampleRecord(exampleId(1), { startedAt: AT, event: '{"a":1}', result: '"x"' }),
    exampleRecord(exampleId(2), {
      startedAt: AT,
      outcome: 'error',
      durationMs: 0.1 + 0.2,
      attempts: [
        failed(1, {
          errorType: 'Odd\0Type',
          errorMessage: 'a "quoted" \0 \ud83d\ude00 text',
          stackTrace: ['    at x (node:fs:1:1)'],
        }),
        failed(2, { errorType: 'TypeError', errorMessage: 'two', stackTrace: ['    at f (/var/task/a.js:3:1)'] }),
      ],
    }),
    exampleRecord(exampleId(3), {
      outcome: 'error',
      attempts: [
        {
          ...failed(1, { errorType: 'ValueError', errorMessage: 'three', stackTrace: python('outer', 1, 'inner', 7) }),
          runtime: 'python3.11',
          logs: [],
        },
      ],
    }),
    exampleRecord(exampleId(4), {
      outcome: 'timeout',
      finishedAt: null,
      durationMs: null,
      attempts: [exampleAttempt({ outcome: 'timeout', code: 'function_timeout', receipt: null, sandboxId: null })],
    }),
    exampleRecord(exampleId(5), { outcome: 'cancelled', attempts: [] }),
  ];
  await firstSchema(join(dir.path, 'telemetry.db'), records);
  // Fields that rows of before have not.
  for (const attempt of records.flatMap(({ attempts }) => attempts)) attempt.pausedMs = null;

  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const read = () => Promise.all(records.map(({ id }) => store.invocation('default', id)));
  expect(await read()).toEqual(records);
  const listed = await store.invocations(PAGE);
  expect(listed.items.map(({ id }) => id)).toEqual(records.map(({ id }) => id).reverse());
  expect((await store.invocations({ ...PAGE, to: AT })).items).toEqual([]);
  const logs = await store.logs({ ...PAGE, functionId: 'function-1' });
  expect(logs.items).toHaveLength(4);
  const { groups } = await store.functionErrors({ workspaceId: 'default', functionId: 'function-1' });
  const told = groups.map(({ errorType, topFrame, lastMessage }) => [errorType, topFrame, lastMessage]);
  expect(told.sort()).toEqual([
    ['Odd\ufffdType', null, 'a "quoted" \0 \ud83d\ude00 text'],
    ['TypeError', '    at f (/var/task/a.js:3:1)', 'two'],
    ['ValueError', '  File "/var/task/index.py", line 7, in inner\n', 'three'],
    ['function_timeout', null, ''],
  ]);
  await store.append({ records, refusals: [] });
  expect(await read()).toEqual(records);
  const window = { from: '2026-01-01T00:00:00Z', to: new Date(Date.now() + 60_000).toISOString() };
  const { totals } = await store.metrics({ workspaceId: 'default', ...window, stepMs: 24 * 3_600_000 });
  expect(totals.invocations).toBe(0);
  await store.close();
});

test('a captured body that holds NUL is kept without it, before and after the upgrade', async () => {
  await using dir = await tempDir();
  const record = exampleRecord(exampleId(1), { event: 'a\0b', result: '\0' });
  await firstSchema(join(dir.path, 'telemetry.db'), [record]);
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const next = { ...record, id: exampleId(2) };
  await store.append({ records: [next], refusals: [] });
  for (const { id } of [record, next])
    expect(await store.invocation('default', id)).toMatchObject({ event: 'a\ufffdb', result: '\ufffd' });
  await store.close();
});

function failed(number: number, error: AttemptRecord['error']): AttemptRecord {
  return exampleAttempt({ number, outcome: 'error', code: 'function_error', error });
}

function python(...frames: (string | number)[]): string[] {
  const [outer, outerLine, inner, innerLine] = frames;
  return [
    `  File "/var/task/index.py", line ${outerLine}, in ${outer}\n`,
    `  File "/var/task/index.py", line ${innerLine}, in ${inner}\n`,
    '  File "/var/task/site-packages/lib.py", line 1, in lib\n',
  ];
}

/** Writes a database as the version did that knew the first schema only; its texts are spelled out here, for good. */
async function firstSchema(path: string, records: InvocationRecord[]): Promise<void> {
  const opened = openForWriting(path, 'NORMAL') as OpenDatabase<unknown>;
  await migrate(opened, TELEMETRY_MIGRATIONS.slice(0, 1));
  opened.raw.close();
  const database = new DatabaseSync(path);
  const invocation = database.prepare(`insert into invocations values (${'?,'.repeat(15)}?)`);
  const block = database.prepare(`insert into log_blocks values (${'?,'.repeat(7)}?)`);
  const payload = database.prepare('insert into payloads values (?, ?, ?, ?)');
  for (const it of records) {
    const { id, workspaceId, functionId, functionName, attempts, event, result } = it;
    const ended = [it.startedAt, it.finishedAt, it.durationMs, it.eventBytes, it.resultBytes];
    const names = [it.mode, it.trigger, it.state, it.outcome, it.isolation, it.start];
    invocation.run(id, workspaceId, functionId, functionName, ...names, ...ended, JSON.stringify(attempts.map(cells)));
    for (const { number, logs } of attempts) {
      if (logs.length === 0) continue;
      const lines = JSON.stringify(logs.map(({ at, stream, text }) => [at, stream, text]));
      block.run(id, number, workspaceId, functionId, functionName, logs[0]!.at, logs.at(-1)!.at, lines);
    }
    if (event !== null || result !== null) payload.run(id, workspaceId, event, result);
  }
  database.close();
}

function cells(it: AttemptRecord): unknown[] {
  const { phases, usage, receipt } = it;
  const { queueMs, claimMs, loadMs, importMs, handlerMs, totalMs } = phases;
  return [
    it.number,
    it.revisionId,
    it.runtime,
    it.sandboxId,
    it.startedAt,
    it.outcome,
    it.code,
    it.start,
    it.startReason,
    [queueMs, claimMs, loadMs, importMs, handlerMs, totalMs],
    [usage.cpuMs, usage.maxMemoryMib, usage.peakScope, usage.source, usage.shared],
    receipt && [
      receipt.isolation,
      receipt.driver,
      receipt.fence,
      receipt.imageDigest,
      receipt.codeSha256,
      receipt.dependencySetSha256,
      Object.values(receipt.enforced),
    ],
    it.error,
    it.logsTruncated,
    it.clientGone,
  ];
}
