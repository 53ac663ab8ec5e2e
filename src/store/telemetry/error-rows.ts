import { type Kysely, sql } from 'kysely';
import type { ErrorGroup, FunctionErrors, FunctionErrorsQuery } from '../telemetry-store.ts';
import { ERROR_OUTCOMES } from './metrics/metrics-sum.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import { utcText } from './utc-text.ts';

/** Failures looked at, newest first: each costs the parse of its attempts, and the whole read must stay far below a second. */
const FAILURES_MAX = 10_000;
const GROUPS_MAX = 100;
const MESSAGE_CHARS_MAX = 500;

/** Where attempts-text.ts puts the last attempt's error, code and runtime. */
const TYPE = sql.lit('$[#-1][12].errorType');
const MESSAGE = sql.lit('$[#-1][12].errorMessage');
const STACK = sql.lit('$[#-1][12].stackTrace');
const CODE = sql.lit('$[#-1][6]');
const RUNTIME = sql.lit('$[#-1][2]');

/** Groups failures by error type and top frame, in SQL. */
export class ErrorRows {
  readonly #db: Kysely<TelemetrySchema>;

  constructor(db: Kysely<TelemetrySchema>) {
    this.#db = db;
  }

  async groups(query: FunctionErrorsQuery): Promise<FunctionErrors> {
    const failures = this.#failures(query).as('failures');
    const rows = await this.#db
      .selectFrom(failures)
      .select(['error_type', 'top_frame', 'outcome'])
      .select((row) => [
        row.fn.countAll<number>().as('count'),
        row.fn.min('started_at').as('first_at'),
        row.fn.max('started_at').as('last_at'),
        row.fn.max('id').as('last_id'),
      ])
      .groupBy(['error_type', 'top_frame', 'outcome'])
      .orderBy('count', 'desc')
      .orderBy('last_id', 'desc')
      .execute();
    const shown = rows.slice(0, GROUPS_MAX);
    const messages = await this.#messages(shown.map((row) => row.last_id));
    const groups = shown.map(
      (row): ErrorGroup => ({
        errorType: row.error_type,
        topFrame: row.top_frame,
        outcome: row.outcome!,
        count: row.count,
        firstAt: row.first_at,
        lastAt: row.last_at,
        lastInvocationId: row.last_id,
        lastMessage: messages.get(row.last_id) ?? '',
      }),
    );
    const looked = rows.reduce((sum, row) => sum + row.count, 0);
    return { groups, failures: looked, isComplete: looked < FAILURES_MAX && rows.length <= GROUPS_MAX };
  }

  async #messages(ids: string[]): Promise<Map<string, string>> {
    const message = sql<
      string | null
    >`substr(json_extract(attempts_json, ${MESSAGE}), 1, ${sql.lit(MESSAGE_CHARS_MAX)})`;
    const rows = await this.#db
      .selectFrom('invocations')
      .select(['id', message.as('message')])
      .where('id', 'in', ids)
      .execute();
    return new Map(rows.map((row) => [row.id, row.message ?? '']));
  }

  #failures(query: FunctionErrorsQuery) {
    let ids = this.#db
      .selectFrom('invocations')
      .select('id')
      .where('function_id', '=', query.functionId)
      .where('workspace_id', '=', query.workspaceId)
      .where('outcome', 'in', [...ERROR_OUTCOMES])
      .orderBy('id', 'desc')
      .limit(FAILURES_MAX);
    if (query.from !== undefined) ids = ids.where('started_at', '>=', utcText(query.from, '/query/from'));
    if (query.to !== undefined) ids = ids.where('started_at', '<', utcText(query.to, '/query/to'));
    // Python prints the innermost frame last, Node first. Frames of installed packages are not the author's.
    const topFrame = sql<string | null>`(
      select value from json_each(attempts_json, ${STACK})
      where value like '%/var/task/%' and value not like '%/node_modules/%' and value not like '%/site-packages/%'
      order by case when json_extract(attempts_json, ${RUNTIME}) like 'python%' then -key else key end
      limit 1)`;
    return this.#db
      .selectFrom('invocations')
      .where('id', 'in', ids)
      .select(['id', 'started_at', 'outcome'])
      .select([
        sql<string>`coalesce(json_extract(attempts_json, ${TYPE}), json_extract(attempts_json, ${CODE}), outcome)`.as(
          'error_type',
        ),
        topFrame.as('top_frame'),
      ]);
  }
}
