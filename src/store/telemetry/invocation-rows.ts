import type { Kysely, Selectable } from 'kysely';
import type { InvocationRecord, LogLine } from '../../domain/invocation.ts';
import type { InvocationQuery } from '../telemetry-store.ts';
import { attemptsOf } from './attempts-text.ts';
import { invocationIdOf } from './page-cursor.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import { utcText } from './utc-text.ts';

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
    if (query.outcome !== undefined) select = select.where('outcome', '=', query.outcome);
    if (query.start !== undefined) select = select.where('start', '=', query.start);
    if (query.from !== undefined) select = select.where('started_at', '>=', utcText(query.from, '/query/from'));
    if (query.to !== undefined) select = select.where('started_at', '<', utcText(query.to, '/query/to'));
    if (query.cursor !== undefined) select = select.where('id', '<', invocationIdOf(query.cursor));
    const rows = await select.execute();
    const page = rows.slice(0, query.limit);
    return { items: page.map(recordOf), nextCursor: rows.length > page.length ? (page.at(-1)?.id ?? null) : null };
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
    const record = recordOf(row);
    const bodies = await this.#db.selectFrom('payloads').selectAll().where('invocation_id', '=', id).executeTakeFirst();
    record.event = bodies?.event ?? null;
    record.result = bodies?.result ?? null;
    const blocks = await this.#db
      .selectFrom('log_blocks')
      .select(['attempt', 'lines_json'])
      .where('function_id', '=', row.function_id)
      .where('invocation_id', '=', id)
      .execute();
    for (const block of blocks) {
      const attempt = record.attempts.find(({ number }) => number === block.attempt);
      if (attempt !== undefined) attempt.logs = linesOf(block.lines_json);
    }
    return record;
  }
}

/** Lines as a block holds them: `[at, stream, text]` each. */
export function linesOf(linesJson: string): LogLine[] {
  const lines: [string, LogLine['stream'], string][] = JSON.parse(linesJson);
  return lines.map(([at, stream, text]) => ({ at, stream, text }));
}

function recordOf(row: Selectable<TelemetrySchema['invocations']>): InvocationRecord {
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
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    durationMs: row.duration_ms,
    eventBytes: row.event_bytes,
    resultBytes: row.result_bytes,
    event: null,
    result: null,
    attempts: attemptsOf(row.attempts_json),
  };
}
