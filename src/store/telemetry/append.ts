import type { StatementSync } from 'node:sqlite';
import type { AttemptRecord, InvocationRecord } from '../../domain/invocation.ts';
import type { OpenDatabase } from '../sqlite/open-database.ts';
import type { TelemetryBatch } from '../telemetry-store.ts';
import { failureOf } from './failure.ts';
import { attemptText } from './fields/attempt-text.ts';
import { linesText } from './lines-text.ts';
import { FunctionVolumes, VolumeSum } from './retention/function-volumes.ts';
import { columnBytes, ROW_BYTES, textBytes } from './retention/record-bytes.ts';
import { RollupDeltas } from './rollups/rollup-deltas.ts';
import { RollupWriter } from './rollups/rollup-writer.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import { msOf } from './utc-ms.ts';

/**
 * Writes batches: records with their attempts, output, bodies and the rollups derived from them, in one transaction. Queries
 * are built by Kysely once and run as prepared statements, since building them costs more than running them.
 */
export class Appender {
  readonly #database: OpenDatabase<TelemetrySchema>;
  readonly #rollups: RollupWriter;
  readonly #insertInvocation: StatementSync;
  readonly #updateInvocation: StatementSync;
  readonly #insertAttempt: StatementSync;
  readonly #insertPayload: StatementSync;
  readonly #payloadBytes: StatementSync;
  readonly #volumes: FunctionVolumes;

  constructor(database: OpenDatabase<TelemetrySchema>) {
    const { db, raw } = database;
    this.#database = database;
    this.#rollups = new RollupWriter(database);
    this.#volumes = new FunctionVolumes(database);
    const invocation = db
      .insertInto('invocations')
      .values(INVOCATION)
      .onConflict((conflict) => conflict.doNothing());
    this.#insertInvocation = raw.prepare(invocation.compile().sql);
    // An older or repeated record never overwrites a newer one, whatever order they come in.
    const update = db
      .updateTable('invocations')
      .set(PROGRESS)
      .where('id', '=', '')
      .where((where) =>
        where.or([
          where('newest_attempt', '<', 0),
          where.and([where('newest_attempt', '=', 0), where('finished_ms', 'is', null)]),
        ]),
      );
    this.#updateInvocation = raw.prepare(update.compile().sql);
    const attempt = db
      .insertInto('attempts')
      .values(ATTEMPT)
      .onConflict((conflict) => conflict.doNothing());
    this.#insertAttempt = raw.prepare(attempt.compile().sql);
    const payload = db
      .insertInto('payloads')
      .values({ invocation_id: '', workspace_id: '', event: '', result: '' })
      .onConflict((conflict) =>
        conflict.column('invocation_id').doUpdateSet((row) => ({
          event: row.fn.coalesce('payloads.event', 'excluded.event'),
          result: row.fn.coalesce('excluded.result', 'payloads.result'),
        })),
      );
    this.#insertPayload = raw.prepare(payload.compile().sql);
    const payloadBytes = db
      .selectFrom('payloads')
      .select(columnBytes('event', 'result').as('bytes'))
      .where('invocation_id', '=', '');
    this.#payloadBytes = raw.prepare(payloadBytes.compile().sql);
  }

  append(batch: TelemetryBatch): void {
    const { raw } = this.#database;
    const deltas = new RollupDeltas();
    const volumes = new VolumeSum();
    raw.exec('begin immediate');
    try {
      for (const record of batch.records) volumes.add(record, this.#add(record, deltas));
      for (const refusal of batch.refusals) deltas.addRefusal(refusal);
      this.#rollups.add(deltas);
      this.#volumes.add(volumes.values());
      raw.exec('commit');
    } catch (error) {
      this.#rollups.forgetSeries();
      if (raw.isTransaction) raw.exec('rollback');
      throw error;
    }
  }

  /**
   * A record or attempt that is already stored (by its id, or by its id and number) is neither written nor counted
   * again. Returns the bytes that were added.
   */
  #add(record: InvocationRecord, deltas: RollupDeltas): number {
    const isNew = this.#insert(record);
    const isNewest = isNew || this.#update(record);
    if (isNew) deltas.addInvocation(record);
    let bytes = isNew ? ROW_BYTES : 0;
    for (const attempt of record.attempts) {
      const attemptBytes = this.#addAttempt(record, attempt);
      if (attemptBytes > 0) deltas.addAttempt(record, attempt);
      bytes += attemptBytes;
    }
    return bytes + this.#addPayload(record, isNew, isNewest);
  }

  #addPayload(record: InvocationRecord, isNew: boolean, isNewest: boolean): number {
    if (record.event === null && record.result === null) return 0;
    const event = withoutNul(record.event);
    const result = isNewest ? withoutNul(record.result) : null;
    const bytesBefore = isNew ? 0 : this.#storedPayloadBytes(record.id);
    this.#insertPayload.run(record.id, record.workspaceId, event, result);
    return (isNew ? textBytes(event, result) : this.#storedPayloadBytes(record.id)) - bytesBefore;
  }

  #storedPayloadBytes(id: string): number {
    return Number(this.#payloadBytes.get(id)?.bytes ?? 0);
  }

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
      msOf(record.startedAt),
      record.finishedAt === null ? null : msOf(record.finishedAt),
      record.durationMs,
      record.eventBytes,
      record.resultBytes,
      newestAttemptOf(record),
    );
    return changes !== 0;
  }

  #update(record: InvocationRecord): boolean {
    const newestAttempt = newestAttemptOf(record);
    const isEnded = record.finishedAt !== null;
    const { changes } = this.#updateInvocation.run(
      record.mode,
      record.state,
      record.outcome,
      record.isolation,
      record.start,
      record.finishedAt === null ? null : msOf(record.finishedAt),
      record.durationMs,
      record.resultBytes,
      newestAttempt,
      record.id,
      newestAttempt,
      isEnded ? newestAttempt : NO_ATTEMPT,
    );
    return changes !== 0;
  }

  /** Returns the bytes it takes; 0 when it was stored already. */
  #addAttempt(record: InvocationRecord, attempt: AttemptRecord): number {
    const { logs } = attempt;
    const failure = failureOf(attempt);
    const errorType = failure && withoutNul(failure.type);
    const topFrame = failure && withoutNul(failure.topFrame);
    const fields = attemptText(attempt);
    const lines = logs.length === 0 ? null : linesText(logs);
    const { changes } = this.#insertAttempt.run(
      record.id,
      attempt.number,
      record.workspaceId,
      record.functionId,
      msOf(attempt.startedAt),
      attempt.outcome,
      errorType,
      topFrame,
      fields,
      logs.length === 0 ? null : msOf(logs[0]!.at),
      logs.length === 0 ? null : msOf(logs.at(-1)!.at),
      lines,
    );
    return changes === 0 ? 0 : ROW_BYTES + textBytes(errorType, topFrame, fields, lines);
  }
}

/** Matches no row, because numbers count from 0. */
const NO_ATTEMPT = -1;

function newestAttemptOf(record: InvocationRecord): number {
  return record.attempts.at(-1)?.number ?? 0;
}

/** Text of the user's code. Engines other than SQLite refuse NUL in a text, so it is never stored. */
function withoutNul(text: string | null): string | null {
  return text?.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/**
 * The columns of an invocation that each attempt sets anew. These lists give Kysely the columns in the order in which
 * they are bound.
 */
const PROGRESS: Partial<TelemetrySchema['invocations']> = {
  mode: 'sync',
  state: 'finished',
  outcome: 'ok',
  isolation: null,
  start: null,
  finished_ms: null,
  duration_ms: null,
  result_bytes: null,
  newest_attempt: 0,
};

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
  started_ms: 0,
  finished_ms: null,
  duration_ms: null,
  event_bytes: 0,
  result_bytes: null,
  newest_attempt: 0,
};

const ATTEMPT: TelemetrySchema['attempts'] = {
  invocation_id: '',
  number: 0,
  workspace_id: '',
  function_id: '',
  started_ms: 0,
  outcome: 'ok',
  error_type: null,
  top_frame: null,
  fields_json: '',
  first_line_ms: null,
  last_line_ms: null,
  lines_json: null,
};
