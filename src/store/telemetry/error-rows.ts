import type { Kysely } from 'kysely';
import type { ErrorGroup, FunctionErrors, FunctionErrorsQuery } from '../telemetry-store.ts';
import { attemptOf } from './fields/attempt-text.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import { utcMs } from './utc-ms.ts';

/** Failures looked at, newest first: the whole read must stay far below a second. */
const FAILURES_MAX = 10_000;
const GROUPS_MAX = 100;
const MESSAGE_CHARS_MAX = 500;

/** Groups failed attempts by error type and top frame, in SQL. */
export class ErrorRows {
  readonly #db: Kysely<TelemetrySchema>;

  constructor(db: Kysely<TelemetrySchema>) {
    this.#db = db;
  }

  async groups(query: FunctionErrorsQuery): Promise<FunctionErrors> {
    const rows = await this.#db
      .selectFrom(this.#failures(query).as('failures'))
      .select(['error_type', 'top_frame', 'outcome'])
      .select((row) => [
        row.fn.countAll<number>().as('count'),
        row.fn.min('started_ms').as('first_ms'),
        row.fn.max('started_ms').as('last_ms'),
        row.fn.max('invocation_id').as('last_id'),
      ])
      .groupBy(['error_type', 'top_frame', 'outcome'])
      .orderBy('count', 'desc')
      .orderBy('last_id', 'desc')
      .execute();
    const shown = rows.slice(0, GROUPS_MAX);
    const groups: ErrorGroup[] = [];
    for (const row of shown) {
      const { error_type, top_frame, outcome, count, first_ms, last_ms, last_id } = row;
      groups.push({
        errorType: error_type!,
        topFrame: top_frame,
        outcome,
        count,
        firstAt: new Date(first_ms).toISOString(),
        lastAt: new Date(last_ms).toISOString(),
        lastInvocationId: last_id,
        lastMessage: await this.#message(last_id, error_type!, top_frame),
      });
    }
    const looked = rows.reduce((sum, row) => sum + row.count, 0);
    return { groups, failures: looked, isComplete: looked < FAILURES_MAX && rows.length <= GROUPS_MAX };
  }

  /** The message of the newest such failure in an invocation. Empty when it had none. */
  async #message(invocationId: string, errorType: string, topFrame: string | null): Promise<string> {
    const row = await this.#db
      .selectFrom('attempts')
      .select('fields_json')
      .where('invocation_id', '=', invocationId)
      .where('error_type', '=', errorType)
      .where('top_frame', topFrame === null ? 'is' : '=', topFrame)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) return '';
    return attemptOf(row.fields_json).error?.errorMessage.slice(0, MESSAGE_CHARS_MAX) ?? '';
  }

  #failures(query: FunctionErrorsQuery) {
    let failures = this.#db
      .selectFrom('attempts')
      .select(['invocation_id', 'started_ms', 'outcome', 'error_type', 'top_frame'])
      .where('function_id', '=', query.functionId)
      .where('workspace_id', '=', query.workspaceId)
      .where('error_type', 'is not', null)
      .orderBy('invocation_id', 'desc')
      .limit(FAILURES_MAX);
    if (query.tried !== true) {
      failures = failures.where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('invocations')
              .select('invocations.id')
              .whereRef('invocations.id', '=', 'attempts.invocation_id')
              .where('invocations.trigger', '=', 'try'),
          ),
        ),
      );
    }
    if (query.from !== undefined) failures = failures.where('started_ms', '>=', utcMs(query.from, '/query/from'));
    if (query.to !== undefined) failures = failures.where('started_ms', '<', utcMs(query.to, '/query/to'));
    return failures;
  }
}
