import type { StatementSync } from 'node:sqlite';
import { type Kysely, sql } from 'kysely';
import type { OpenDatabase } from '../../sqlite/open-database.ts';
import type { TelemetrySchema } from '../telemetry-schema.ts';
import { type RollupDelta, type RollupDeltas, type SeriesKey, seriesText } from './rollup-deltas.ts';

/** Series whose id is remembered. Above this number all are forgotten and looked up anew. */
const SERIES_KNOWN_MAX = 10_000;

/** Adds a batch's deltas to the rollup rows, inside the records' transaction. */
export class RollupWriter {
  readonly #seriesIds = new Map<string, number>();
  readonly #findSeries: StatementSync;
  readonly #insertSeries: StatementSync;
  readonly #addRollup: StatementSync;
  readonly #addBucket: StatementSync;

  constructor({ db, raw }: OpenDatabase<TelemetrySchema>) {
    this.#findSeries = raw.prepare(findSeriesSql(db));
    this.#insertSeries = raw.prepare(insertSeriesSql(db));
    this.#addRollup = raw.prepare(addRollupSql(db));
    this.#addBucket = raw.prepare(addBucketSql(db));
  }

  add(deltas: RollupDeltas): void {
    for (const delta of deltas.values()) this.#addDelta(delta);
  }

  /** After a rollback, ids that were given out may no longer exist. */
  forgetSeries(): void {
    this.#seriesIds.clear();
  }

  #addDelta(delta: RollupDelta): void {
    const { resolutionMs, atMs, invocations, attempts, cpuMs, cpuAttempts, maxMemoryMib } = delta;
    const seriesId = this.#seriesId(delta.series);
    this.#addRollup.run(resolutionMs, seriesId, atMs, invocations, attempts, cpuMs, cpuAttempts, maxMemoryMib);
    for (const [bucket, count] of delta.buckets) this.#addBucket.run(resolutionMs, seriesId, atMs, bucket, count);
  }

  #seriesId(series: SeriesKey): number {
    const key = seriesText(series);
    const known = this.#seriesIds.get(key);
    if (known !== undefined) return known;
    const { workspaceId, functionId, isolation, start, outcome } = series;
    const found = this.#findSeries.get(workspaceId, functionId, isolation, start, outcome);
    const row = found ?? this.#insertSeries.get(workspaceId, functionId, isolation, start, outcome);
    const id = Number(row!.id);
    if (this.#seriesIds.size >= SERIES_KNOWN_MAX) this.#seriesIds.clear();
    this.#seriesIds.set(key, id);
    return id;
  }
}

function findSeriesSql(db: Kysely<TelemetrySchema>): string {
  return db
    .selectFrom('series')
    .select('id')
    .where('workspace_id', '=', '')
    .where('function_id', '=', '')
    .where('isolation', '=', '')
    .where('start', '=', '')
    .where('outcome', '=', 'ok')
    .compile().sql;
}

function insertSeriesSql(db: Kysely<TelemetrySchema>): string {
  const values = { workspace_id: '', function_id: '', isolation: '', start: '', outcome: 'ok' } as const;
  // The database chooses the id.
  return db
    .insertInto('series')
    .values(values as unknown as TelemetrySchema['series'])
    .returning('id')
    .compile().sql;
}

function addRollupSql(db: Kysely<TelemetrySchema>): string {
  const values = {
    resolution_ms: 0,
    series_id: 0,
    at_ms: 0,
    invocations: 0,
    attempts: 0,
    cpu_ms: 0,
    cpu_attempts: 0,
    max_memory_mib: 0,
  };
  return db
    .insertInto('rollups')
    .values(values)
    .onConflict((conflict) =>
      conflict.columns(['resolution_ms', 'series_id', 'at_ms']).doUpdateSet({
        invocations: sql`rollups.invocations + excluded.invocations`,
        attempts: sql`rollups.attempts + excluded.attempts`,
        cpu_ms: sql`rollups.cpu_ms + excluded.cpu_ms`,
        cpu_attempts: sql`rollups.cpu_attempts + excluded.cpu_attempts`,
        max_memory_mib: sql`case
          when rollups.max_memory_mib is null or excluded.max_memory_mib > rollups.max_memory_mib then excluded.max_memory_mib
          else rollups.max_memory_mib end`,
      }),
    )
    .compile().sql;
}

function addBucketSql(db: Kysely<TelemetrySchema>): string {
  return db
    .insertInto('rollup_buckets')
    .values({ resolution_ms: 0, series_id: 0, at_ms: 0, bucket: 0, attempts: 0 })
    .onConflict((conflict) =>
      conflict
        .columns(['resolution_ms', 'series_id', 'at_ms', 'bucket'])
        .doUpdateSet({ attempts: sql`rollup_buckets.attempts + excluded.attempts` }),
    )
    .compile().sql;
}
