import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { uuid7 } from '../../src/ids/uuid7.ts';
import { addAttempt, newRecord } from '../../src/invoke/outcome/record.ts';
import { LiveFeed } from '../../src/records/live/live-feed.ts';
import { RecordsQueue } from '../../src/records/queue/records-queue.ts';
import { openTelemetryStore } from '../../src/store/open-telemetry-store.ts';
import { exampleCall } from '../harness/example-call.ts';
import { type Row, report } from '../harness/report.ts';
import { format, median } from '../harness/stats.ts';

const ROUNDS = 30;
const WARMUP_ROUNDS = 5;
/** What a busy server gathers between two flushes. */
const CALLS_PER_ROUND = 2_500;
/** Calls that end in one turn of the event loop. */
const CALLS_PER_TURN = 25;
const CONTROL_BATCH_ROWS = 500;
const CONTROL_ROW_BYTES = 1_000;
const SERVING_US_MAX = 5;
const WORKER_US_MAX = 20;

/**
 * CPU time that recording one call costs, on the serving thread (what making up the calls costs is taken off) and on all
 * others (the writer, and helpers of the garbage collector), beside bare SQLite inserts.
 */
export async function run(): Promise<void> {
  const rows: Row[] = [];
  const detail: Record<string, unknown> = {};
  const controlUs = bareInsertUs();
  for (const lines of [0, 2]) {
    const { servingUs, othersUs } = await recordingUs(lines);
    const what = `${lines === 0 ? 'no' : lines} log lines, ${CALLS_PER_ROUND} calls a flush`;
    rows.push(rowOf(`serving thread, ${what}`, servingUs, controlUs, SERVING_US_MAX));
    rows.push(rowOf(`other threads, ${what}`, othersUs, controlUs, WORKER_US_MAX));
    detail[`lines${lines}`] = { servingUs, othersUs };
  }
  report('records', rows, { ...detail, controlUs });
}

function rowOf(what: string, valuesUs: number[], controlUs: number[], maxUs: number): Row {
  const us = median(valuesUs);
  return {
    id: '',
    what: `CPU a record, ${what}`,
    value: `${format(us, 1)} µs`,
    control: `bare insert ${format(median(controlUs), 1)} µs`,
    ratio: format(us / median(controlUs)),
    floor: `${maxUs} µs`,
    aim: '',
    met: us <= maxUs,
  };
}

async function recordingUs(lines: number): Promise<{ servingUs: number[]; othersUs: number[] }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'coldframe-bench-'));
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const store = await openTelemetryStore({ dataDir, log });
  const records = new RecordsQueue({ store, feed: new LiveFeed(), log });
  const callsUs = await madeUpUs(lines);
  const servingUs: number[] = [];
  const othersUs: number[] = [];
  try {
    for (let round = 0; round < WARMUP_ROUNDS + ROUNDS; round++) {
      const serving = process.threadCpuUsage();
      const all = process.cpuUsage();
      for (let call = 0; call < CALLS_PER_ROUND; call++) {
        const completion = exampleCall(uuid7(), lines);
        const record = newRecord(completion.request, completion.attempt.startedAt);
        records.began(record);
        addAttempt(record, completion);
        records.ended(record, {
          event: completion.request.event,
          result: completion.ending.body,
          capture: 'errors',
        });
        if (call % CALLS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await records.flush();
      if (round < WARMUP_ROUNDS) continue;
      const mineUs = cpuUs(process.threadCpuUsage(serving));
      servingUs.push(mineUs / CALLS_PER_ROUND - callsUs);
      othersUs.push((cpuUs(process.cpuUsage(all)) - mineUs) / CALLS_PER_ROUND);
    }
    return { servingUs, othersUs };
  } finally {
    await records.stop();
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The median cost of a round's calls without records. */
async function madeUpUs(lines: number): Promise<number> {
  const valuesUs: number[] = [];
  for (let round = 0; round < WARMUP_ROUNDS + ROUNDS; round++) {
    const before = process.threadCpuUsage();
    for (let call = 0; call < CALLS_PER_ROUND; call++) {
      exampleCall(uuid7(), lines);
      if (call % CALLS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (round >= WARMUP_ROUNDS) valuesUs.push(cpuUs(process.threadCpuUsage(before)) / CALLS_PER_ROUND);
  }
  return median(valuesUs);
}

/** The control: rows of 1 kB with an id that sorts by time, 500 in a transaction. */
function bareInsertUs(): number[] {
  const dataDir = mkdtempSync(join(tmpdir(), 'coldframe-bench-'));
  const database = new DatabaseSync(join(dataDir, 'bare.db'));
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = normal');
    database.exec('create table rows (id text primary key, body text not null) without rowid');
    const insert = database.prepare('insert into rows values (?, ?)');
    const body = 'x'.repeat(CONTROL_ROW_BYTES);
    const valuesUs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = process.threadCpuUsage();
      database.exec('begin immediate');
      for (let row = 0; row < CONTROL_BATCH_ROWS; row++) insert.run(uuid7(), body);
      database.exec('commit');
      valuesUs.push(cpuUs(process.threadCpuUsage(before)) / CONTROL_BATCH_ROWS);
    }
    return valuesUs;
  } finally {
    database.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function cpuUs({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
