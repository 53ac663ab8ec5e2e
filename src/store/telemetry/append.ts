import type { StatementSync } from 'node:sqlite';
import type { AttemptRecord, InvocationRecord } from '../../domain/invocation.ts';
import type { OpenDatabase } from '../sqlite/open-database.ts';
import type { TelemetryBatch } from '../telemetry-store.ts';
import { attemptsText } from './attempts-text.ts';
import { RollupDeltas } from './rollups/rollup-deltas.ts';
import { RollupWriter } from './rollups/rollup-writer.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';

/**
 * Writes batches: records with their attempts, bodies, logs and the rollups derived from them, in one transaction. Queries
 * are built by Kysely once and run as prepared statements, since building them costs more than running them.
 */
export class Appender {
  readonly #database: OpenDatabase<TelemetrySchema>;
  readonly #rollups: RollupWriter;
  readonly #insertInvocation: StatementSync;
  readonly #insertPayload: StatementSync;
  readonly #insertLogBlock: StatementSync;

  constructor(database: OpenDatabase<TelemetrySchema>) {
    const { db, raw } = database;
    this.#database = database;
    this.#rollups = new RollupWriter(database);
    const invocation = db
      .insertInto('invocations')
      .values(INVOCATION)
      .onConflict((conflict) => conflict.doNothing());
    this.#insertInvocation = raw.prepare(invocation.compile().sql);
    const payload = { invocation_id: '', workspace_id: '', event: '', result: '' };
    this.#insertPayload = raw.prepare(db.insertInto('payloads').values(payload).compile().sql);
    this.#insertLogBlock = raw.prepare(db.insertInto('log_blocks').values(LOG_BLOCK).compile().sql);
  }

  append(batch: TelemetryBatch): void {
    const { raw } = this.#database;
    const deltas = new RollupDeltas();
    raw.exec('begin immediate');
    try {
      for (const record of batch.records) if (this.#insert(record)) deltas.addRecord(record);
      for (const refusal of batch.refusals) deltas.addRefusal(refusal);
      this.#rollups.add(deltas);
      raw.exec('commit');
    } catch (error) {
      this.#rollups.forgetSeries();
      if (raw.isTransaction) raw.exec('rollback');
      throw error;
    }
  }

  /** After series were removed: their ids may not be used again. */
  forgetSeries(): void {
    this.#rollups.forgetSeries();
  }

  /** False when a record of that id is there already: it is neither written nor counted again. */
  #insert(record: InvocationRecord): boolean {
    const { changes } = this.#insertInvocation.run(
      record.id,
      record.workspaceId,
      record.functionId,
      record.functionName,
      record.mode,
      record.trigger,
      record.state,
      record.outcome,
      record.isolation,
      record.start,
      record.startedAt,
      record.finishedAt,
      record.durationMs,
      record.eventBytes,
      record.resultBytes,
      attemptsText(record.attempts),
    );
    if (changes === 0) return false;
    for (const attempt of record.attempts) if (attempt.logs.length > 0) this.#insertLogs(record, attempt);
    if (record.event !== null || record.result !== null) {
      this.#insertPayload.run(record.id, record.workspaceId, record.event, record.result);
    }
    return true;
  }

  #insertLogs(record: InvocationRecord, attempt: AttemptRecord): void {
    const { id, workspaceId, functionId, functionName } = record;
    const { number, logs } = attempt;
    const lines = JSON.stringify(logs.map((line) => [line.at, line.stream, line.text]));
    this.#insertLogBlock.run(id, number, workspaceId, functionId, functionName, logs[0]!.at, logs.at(-1)!.at, lines);
  }
}

/** Gives Kysely the columns in the order in which they are bound; the values are never written. */
const INVOCATION: TelemetrySchema['invocations'] = {
  id: '',
  workspace_id: '',
  function_id: '',
  function_name: '',
  mode: 'sync',
  trigger: 'api',
  state: 'finished',
  outcome: 'ok',
  isolation: null,
  start: null,
  started_at: '',
  finished_at: null,
  duration_ms: null,
  event_bytes: 0,
  result_bytes: null,
  attempts_json: '',
};

const LOG_BLOCK: TelemetrySchema['log_blocks'] = {
  invocation_id: '',
  attempt: 0,
  workspace_id: '',
  function_id: '',
  function_name: '',
  first_at: '',
  last_at: '',
  lines_json: '',
};
