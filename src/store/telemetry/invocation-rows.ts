import type { Kysely, Selectable } from 'kysely';
import { FAILED_OUTCOMES } from '../../domain/failure.ts';
import type { AttemptRecord, InvocationRecord } from '../../domain/invocation.ts';
import type { InvocationQuery } from '../telemetry-store.ts';
import { attemptOf } from './fields/attempt-text.ts';
import { linesOf } from './lines-text.ts';
import { invocationIdOf } from './page-cursor.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import { utcMs } from './utc-ms.ts';

/** Reads invocation records. Lists are without logs and bodies, so that a page of 500 stays small. */
export class InvocationRows {
  readonly #db: Kysely<TelemetrySchema>;

  constructor(db: Kysely<TelemetrySchema>) {
    this.#db = db;
  }

  /** Newest first; the cursor is the id of the last item of the page before. */
  async list(query: InvocationQuery): Promise<{ items: InvocationRecord[]; nextCursor: string | null }> {
    let select = this.#db
      .selectFrom('invocations')
      .selectAll()
      .where('workspace_id', '=', query.workspaceId)
      .orderBy('id', 'desc')
      .limit(query.limit + 1);
    if (query.functionId !== undefined) select = select.where('function_id', '=', query.functionId);
    if (query.state !== undefined) select = select.where('state', '=', query.state);
    if (query.functionName !== undefined) select = select.where('function_name', '=', query.functionName);
    if (query.outcome === 'failed') select = select.where('outcome', 'in', FAILED_OUTCOMES);
    else if (query.outcome !== undefined) select = select.where('outcome', '=', query.outcome);
    if (query.tried !== true) select = select.where('trigger', '!=', 'try');
    if (query.start !== undefined) select = select.where('start', '=', query.start);
    if (query.from !== undefined) select = select.where('started_ms', '>=', utcMs(query.from, '/query/from'));
    if (query.to !== undefined) select = select.where('started_ms', '<', utcMs(query.to, '/query/to'));
    if (query.cursor !== undefined) select = select.where('id', '<', invocationIdOf(query.cursor));
    const rows = await select.execute();
    const page = rows.slice(0, query.limit);
    const attempts = await this.#attempts(page.map(({ id }) => id));
    const items = page.map((row) => recordOf(row, attempts.get(row.id) ?? []));
    return { items, nextCursor: rows.length > page.length ? (page.at(-1)?.id ?? null) : null };
  }

  /** The whole record, logs and captured bodies included. */
  async one(workspaceId: string, id: string): Promise<InvocationRecord | null> {
    const row = await this.#db
      .selectFrom('invocations')
      .selectAll()
      .where('id', '=', id)
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst();
    if (row === undefined) return null;
    const bodies = await this.#db.selectFrom('payloads').selectAll().where('invocation_id', '=', id).executeTakeFirst();
    const attempts = await this.#db
      .selectFrom('attempts')
      .select(['fields_json', 'lines_json'])
      .where('invocation_id', '=', id)
      .orderBy('number')
      .execute();
    const record = recordOf(
      row,
      attempts.map(({ fields_json, lines_json }) => ({ ...attemptOf(fields_json), logs: linesOf(lines_json) })),
    );
    record.event = bodies?.event ?? null;
    record.result = bodies?.result ?? null;
    return record;
  }

  /** Attempts of each invocation, in the order of their numbers, without output. */
  async #attempts(invocationIds: string[]): Promise<Map<string, AttemptRecord[]>> {
    const rows = await this.#db
      .selectFrom('attempts')
      .select(['invocation_id', 'fields_json'])
      .where('invocation_id', 'in', invocationIds)
      .orderBy('invocation_id')
      .orderBy('number')
      .execute();
    const attempts = new Map<string, AttemptRecord[]>(invocationIds.map((id) => [id, []]));
    for (const row of rows) attempts.get(row.invocation_id)?.push(attemptOf(row.fields_json));
    return attempts;
  }
}

function recordOf(row: Selectable<TelemetrySchema['invocations']>, attempts: AttemptRecord[]): InvocationRecord {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    functionId: row.function_id,
    functionName: row.function_name,
    mode: row.mode,
    trigger: row.trigger,
    state: row.state,
    outcome: row.outcome,
    isolation: row.isolation,
    start: row.start,
    startedAt: new Date(row.started_ms).toISOString(),
    finishedAt: row.finished_ms === null ? null : new Date(row.finished_ms).toISOString(),
    durationMs: row.duration_ms,
    eventBytes: row.event_bytes,
    resultBytes: row.result_bytes,
    event: null,
    result: null,
    attempts,
  };
}
