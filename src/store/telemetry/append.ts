import type { StatementSync } from 'node:sqlite';
import type { AttemptRecord, InvocationRecord } from '../../domain/invocation.ts';
import type { OpenDatabase } from '../sqlite/open-database.ts';
import type { TelemetryBatch } from '../telemetry-store.ts';
import { RollupDeltas } from './rollups/rollup-deltas.ts';
import { RollupWriter } from './rollups/rollup-writer.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';

/**
 * Writes batches: records, attempts, bodies, logs and the rollups derived from them, in one transaction. Queries are built
 * by Kysely once and run as prepared statements, since building them costs more than running them.
 */
export class Appender {
  readonly #database: OpenDatabase<TelemetrySchema>;
  readonly #rollups: RollupWriter;
  readonly #insertInvocation: StatementSync;
  readonly #insertAttempt: StatementSync;
  readonly #insertPayload: StatementSync;
  readonly #insertLogBlock: StatementSync;

  constructor(database: OpenDatabase<TelemetrySchema>) {
    const { db, raw } = database;
    this.#database = database;
    this.#rollups = new RollupWriter(database);
    const invocation = db
      .insertInto('invocations')
      .values(invocationRow(EXAMPLE))
      .onConflict((conflict) => conflict.doNothing());
    this.#insertInvocation = raw.prepare(invocation.compile().sql);
    const attempt = { invocation_id: '', number: 0, workspace_id: '', detail_json: '' };
    this.#insertAttempt = raw.prepare(db.insertInto('attempts').values(attempt).compile().sql);
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
    const row = invocationRow(record);
    const { changes } = this.#insertInvocation.run(...Object.values(row));
    if (Number(changes) === 0) return false;
    for (const attempt of record.attempts) this.#insertAttemptOf(record, attempt);
    if (record.event !== null || record.result !== null) {
      this.#insertPayload.run(record.id, record.workspaceId, record.event, record.result);
    }
    return true;
  }

  #insertAttemptOf(record: InvocationRecord, attempt: AttemptRecord): void {
    const { id, workspaceId, functionId, functionName } = record;
    const { logs, ...detail } = attempt;
    this.#insertAttempt.run(id, attempt.number, workspaceId, JSON.stringify(detail));
    const first = logs[0];
    const last = logs.at(-1);
    if (first === undefined || last === undefined) return;
    const lines = JSON.stringify(logs.map((line) => [line.at, line.stream, line.text]));
    this.#insertLogBlock.run(id, attempt.number, workspaceId, functionId, functionName, first.at, last.at, lines);
  }
}

/** Columns in one fixed order: the same for building the statement and for running it. */
function invocationRow(record: InvocationRecord): TelemetrySchema['invocations'] {
  return {
    id: record.id,
    workspace_id: record.workspaceId,
    function_id: record.functionId,
    function_name: record.functionName,
    mode: record.mode,
    trigger: record.trigger,
    state: record.state,
    outcome: record.outcome,
    isolation: record.isolation,
    start: record.start,
    started_at: record.startedAt,
    finished_at: record.finishedAt,
    duration_ms: record.durationMs,
    event_bytes: record.eventBytes,
    result_bytes: record.resultBytes,
  };
}

/** Gives Kysely the columns; its values are never written. */
const EXAMPLE: InvocationRecord = {
  id: '',
  workspaceId: '',
  functionId: '',
  functionName: '',
  mode: 'sync',
  trigger: 'api',
  state: 'finished',
  outcome: 'ok',
  isolation: null,
  start: null,
  startedAt: '',
  finishedAt: null,
  durationMs: null,
  eventBytes: 0,
  resultBytes: null,
  event: null,
  result: null,
  attempts: [],
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
