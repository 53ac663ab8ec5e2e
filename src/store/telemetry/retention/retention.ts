import { sql } from 'kysely';
import { vacuumStep } from '../../sqlite/housekeeping.ts';
import type { OpenDatabase } from '../../sqlite/open-database.ts';
import { HOURS_KEPT_MS, MINUTES_KEPT_MS } from '../metrics/metrics-window.ts';
import { HOUR_MS, MINUTE_MS } from '../rollups/rollup-deltas.ts';
import type { TelemetrySchema } from '../telemetry-schema.ts';
import { FunctionVolumes, VolumeSum } from './function-volumes.ts';
import { columnBytes, ROW_BYTES } from './record-bytes.ts';
import { type FunctionVolume, type Loss, planLosses, recordsRoomBytes } from './retention-plan.ts';

/** Rows of one step. A step is short, because the writer does nothing else meanwhile. */
const STEP_ROWS = 200;
/** The same when room is needed: rows may be large, and no more than needed should go. */
const SIZE_STEP_ROWS = 50;

export interface RetentionLimits {
  /** Records, logs and captured bodies older than this go. */
  recordsKeptMs: number;
  /** When the database holds more, records go: the oldest of the functions that hold more than their part. */
  bytesMax: number;
}

/** One invocation with its attempts and bodies. */
interface StoredRecord extends FunctionVolume {
  id: string;
  startedMs: number;
}

/** Removes old records in short steps. Rollups have terms of their own: pruning records never changes a chart. */
export class Retention {
  readonly #database: OpenDatabase<TelemetrySchema>;
  readonly #limits: RetentionLimits;
  readonly #volumes: FunctionVolumes;

  constructor(database: OpenDatabase<TelemetrySchema>, limits: RetentionLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#volumes = new FunctionVolumes(database);
  }

  /** One step. Returns how many rows it removed; 0 when nothing is left to do. */
  async prune(now: string): Promise<number> {
    const nowMs = Date.parse(now);
    const removed =
      (await this.#pruneByAge(nowMs - this.#limits.recordsKeptMs)) ||
      (await this.#pruneBySize()) ||
      (await this.#pruneRollups(MINUTE_MS, nowMs - MINUTES_KEPT_MS)) ||
      (await this.#pruneRollups(HOUR_MS, nowMs - HOURS_KEPT_MS));
    vacuumStep(this.#database.raw);
    return removed;
  }

  async #pruneByAge(beforeMs: number): Promise<number> {
    const oldest = await this.#oldest(null, STEP_ROWS);
    return this.#removeRecords(oldest.filter((record) => record.startedMs < beforeMs));
  }

  async #pruneBySize(): Promise<number> {
    const usedBytes = this.#usedBytes();
    const { bytesMax } = this.#limits;
    if (usedBytes <= bytesMax) return 0;
    const volumes = await this.#volumes.all();
    const recordBytes = volumes.reduce((sum, { bytes }) => sum + bytes, 0);
    const loss = planLosses(volumes, recordsRoomBytes(usedBytes, recordBytes, bytesMax))[0];
    return loss === undefined ? 0 : this.#lose(loss);
  }

  /** Takes the oldest records of one function until it has lost enough, or the step is full. */
  async #lose(loss: Loss): Promise<number> {
    const doomed: StoredRecord[] = [];
    let lostBytes = 0;
    for (const record of await this.#oldest(loss, SIZE_STEP_ROWS)) {
      if (lostBytes >= loss.bytes) break;
      lostBytes += record.bytes;
      doomed.push(record);
    }
    if (doomed.length > 0) return this.#removeRecords(doomed);
    // A volume without records must not hold up the others.
    await this.#inTransaction(async () => this.#volumes.takeAway([{ ...loss, bytes: Number.MAX_SAFE_INTEGER }]));
    return 1;
  }

  /** Ids sort by time: the first rows are the oldest. */
  async #oldest(of: Pick<Loss, 'workspaceId' | 'functionId'> | null, limit: number): Promise<StoredRecord[]> {
    const { db } = this.#database;
    const attemptBytes = columnBytes('fields_json', 'error_type', 'top_frame', 'lines_json');
    let select = db
      .selectFrom('invocations')
      .select(['id', 'workspace_id', 'function_id', 'started_ms'])
      .select((row) => [
        row
          .selectFrom('attempts')
          .select(sql<number>`coalesce(sum(${ROW_BYTES} + ${attemptBytes}), 0)`.as('bytes'))
          .whereRef('attempts.invocation_id', '=', 'invocations.id')
          .as('attempt_bytes'),
        row
          .selectFrom('payloads')
          .select(columnBytes('event', 'result').as('bytes'))
          .whereRef('payloads.invocation_id', '=', 'invocations.id')
          .as('payload_bytes'),
      ])
      .orderBy('id')
      .limit(limit);
    if (of !== null)
      select = select.where('function_id', '=', of.functionId).where('workspace_id', '=', of.workspaceId);
    const rows = await select.execute();
    return rows.map((row) => ({
      id: row.id,
      workspaceId: row.workspace_id,
      functionId: row.function_id,
      startedMs: row.started_ms,
      bytes: ROW_BYTES + (row.attempt_bytes ?? 0) + (row.payload_bytes ?? 0),
    }));
  }

  async #removeRecords(records: StoredRecord[]): Promise<number> {
    if (records.length === 0) return 0;
    const { db } = this.#database;
    const ids = records.map((record) => record.id);
    const volumes = new VolumeSum();
    for (const record of records) volumes.add(record, record.bytes);
    await this.#inTransaction(async () => {
      await db.deleteFrom('attempts').where('invocation_id', 'in', ids).execute();
      await db.deleteFrom('payloads').where('invocation_id', 'in', ids).execute();
      await db.deleteFrom('invocations').where('id', 'in', ids).execute();
      this.#volumes.takeAway(volumes.values());
    });
    return records.length;
  }

  async #pruneRollups(resolutionMs: number, beforeMs: number): Promise<number> {
    const { db } = this.#database;
    const old = await db
      .selectFrom('rollups')
      .select(['series_id', 'at_ms'])
      .where('resolution_ms', '=', resolutionMs)
      .where('at_ms', '<', beforeMs)
      .limit(STEP_ROWS)
      .execute();
    if (old.length === 0) return 0;
    await this.#inTransaction(async () => {
      for (const { series_id, at_ms } of old) {
        for (const table of ['rollup_buckets', 'rollups'] as const) {
          await db
            .deleteFrom(table)
            .where('resolution_ms', '=', resolutionMs)
            .where('series_id', '=', series_id)
            .where('at_ms', '=', at_ms)
            .execute();
        }
      }
    });
    return old.length;
  }

  #usedBytes(): number {
    const { raw } = this.#database;
    const pragma = (name: string): number => Number(Object.values(raw.prepare(`pragma ${name}`).get() ?? {})[0]);
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  async #inTransaction(work: () => Promise<void>): Promise<void> {
    const { raw } = this.#database;
    raw.exec('begin immediate');
    try {
      await work();
      raw.exec('commit');
    } catch (error) {
      if (raw.isTransaction) raw.exec('rollback');
      throw error;
    }
  }
}
