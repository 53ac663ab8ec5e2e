import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openControlStore } from '../store/open-control-store.ts';
import { openTelemetryStore } from '../store/open-telemetry-store.ts';
import { exampleId } from '../store/testing/example-record.ts';
import { keptLog, tempDir } from '../store/testing/temp-dir.ts';

/** The flush interval, and what a batch needs to be written on a busy machine. */
const LOST_AT_MOST_MS = 250 + 500;
const CALLS_BEFORE_KILL = 300;

interface Told {
  kind: 'finished' | 'committed';
  number: number;
  atMs: number;
}

test('I8: kill -9 loses at most the newest records, counts none twice, and loses nothing that control.db confirmed', async () => {
  await using dir = await tempDir();
  const finished: Told[] = [];
  let committed = 0;
  const child = fork(fileURLToPath(new URL('testing/record-forever.ts', import.meta.url)), [dir.path], {
    execArgv: [],
  });
  child.on('message', (told: Told) => {
    if (told.kind === 'committed') committed = told.number;
    else finished.push(told);
    if (finished.length === CALLS_BEFORE_KILL) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const killedAtMs = finished.at(-1)!.atMs;

  const control = await openControlStore({ dataDir: dir.path, log: keptLog() });
  expect(Number(await control.settings.get('newest'))).toBeGreaterThanOrEqual(committed);
  await control.close();

  const telemetry = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const stored = new Set<string>();
  for (let cursor: string | undefined; ; ) {
    const page = await telemetry.invocations({ workspaceId: 'default', limit: 100, cursor });
    for (const item of page.items) stored.add(item.id);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  const due = finished.filter(({ atMs }) => atMs < killedAtMs - LOST_AT_MOST_MS);
  expect(due.length).toBeGreaterThan(20);
  expect(due.filter(({ number }) => !stored.has(exampleId(number)))).toEqual([]);
  const now = Date.now();
  const [from, to] = [new Date(now - 3_600_000).toISOString(), new Date(now + 60_000).toISOString()];
  const { totals } = await telemetry.metrics({ workspaceId: 'default', from, to, stepMs: 60_000 });
  expect(totals.invocations).toBe(stored.size);
  await telemetry.close();
});
