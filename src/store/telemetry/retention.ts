import { vacuumStep } from '../sqlite/housekeeping.ts';
import type { OpenDatabase } from '../sqlite/open-database.ts';
import { HOURS_KEPT_MS, MINUTES_KEPT_MS } from './metrics/metrics-window.ts';
import { HOUR_MS, MINUTE_MS } from './rollups/rollup-deltas.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';

/** Rows of one step. A step is short, because the writer does nothing else meanwhile. */
const STEP_ROWS = 200;
/** The same when room is needed: rows may be large, and no more than needed should go. */
const SIZE_STEP_ROWS = 50;

export interface RetentionLimits {
  /** Records, logs and captured bodies older than this go. */
  recordsKeptMs: number;
  /** When the database holds more, the oldest records go. */
  bytesMax: number;
}

/** Removes old records in short steps. Rollups have terms of their own: pruning records never changes a chart. */
export class Retention {
  readonly #database: OpenDatabase<TelemetrySchema>;
  readonly #limits: RetentionLimits;

  constructor(database: OpenDatabase<TelemetrySchema>, limits: RetentionLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** One step. Returns how many rows it removed; 0 when nothing is left to do. */
  async prune(now: string): Promise<number> {
    const nowMs = Date.parse(now);
    const removed =
      (await this.#pruneRecords(nowMs - this.#limits.recordsKeptMs)) ||
      (await this.#pruneRollups(MINUTE_MS, nowMs - MINUTES_KEPT_MS)) ||
      (await this.#pruneRollups(HOUR_MS, nowMs - HOURS_KEPT_MS));
    vacuumStep(this.#database.raw);
    return removed;
  }

  /** One step of removing everything of a function, charts included. 0 when nothing is left. */
  async removeFunction(functionId: string): Promise<number> {
    const { db } = this.#database;
    const rows = await db
      .selectFrom('invocations')
      .select('id')
      .where('function_id', '=', functionId)
      .limit(STEP_ROWS)
      .execute();
    if (rows.length > 0) return this.#removeRecords(rows);
    const series = await db.selectFrom('series').select('id').where('function_id', '=', functionId).executeTakeFirst();
    if (series === undefined) return 0;
    await this.#inTransaction(async () => {
      await db
        .deleteFrom('rollup_buckets')
        .where('resolution_ms', 'in', [MINUTE_MS, HOUR_MS])
        .where('series_id', '=', series.id)
        .execute();
      await db
        .deleteFrom('rollups')
        .where('resolution_ms', 'in', [MINUTE_MS, HOUR_MS])
        .where('series_id', '=', series.id)
        .execute();
      await db.deleteFrom('series').where('id', '=', series.id).execute();
    });
    return 1;
  }

  async #pruneRecords(beforeMs: number): Promise<number> {
    const { db } = this.#database;
    // Ids sort by time: the first rows are the oldest.
    const oldest = await db
      .selectFrom('invocations')
      .select(['id', 'started_ms'])
      .orderBy('id')
      .limit(STEP_ROWS)
      .execute();
    const isTooLarge = this.#usedBytes() > this.#limits.bytesMax;
    const doomed = isTooLarge ? oldest.slice(0, SIZE_STEP_ROWS) : oldest.filter((row) => row.started_ms < beforeMs);
    return doomed.length === 0 ? 0 : this.#removeRecords(doomed);
  }

  async #removeRecords(rows: { id: string }[]): Promise<number> {
    const { db } = this.#database;
    const ids = rows.map((row) => row.id);
    await this.#inTransaction(async () => {
      await db.deleteFrom('attempts').where('invocation_id', 'in', ids).execute();
      await db.deleteFrom('payloads').where('invocation_id', 'in', ids).execute();
      await db.deleteFrom('invocations').where('id', 'in', ids).execute();
    });
    return rows.length;
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
