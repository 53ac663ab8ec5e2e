import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Migration } from '../../contract/engine.ts';

/**
 * Attempts get rows of their own, keyed by invocation and number, with their output and what their errors are grouped by;
 * times become milliseconds since 1970. Everything recorded before is carried over.
 */
export const attempts: Migration = {
  number: 2,
  name: 'attempts',
  async up(db) {
    await db.schema.dropIndex('invocations_by_workspace').execute();
    await db.schema.dropIndex('invocations_by_function').execute();
    await db.schema.alterTable('invocations').renameTo('invocations_before').execute();
    await createInvocations(db);
    await createAttempts(db);
    await copyInvocations(db);
    await copyAttempts(db);
    await db.schema.dropTable('invocations_before').execute();
    await db.schema.dropTable('log_blocks').execute();
    await createIndexes(db);
    await takeOutNul(db);
  },
};

async function createInvocations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('invocations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('function_name', 'text', (column) => column.notNull())
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('trigger', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('isolation', 'text')
    .addColumn('start', 'text')
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('finished_ms', 'bigint')
    .addColumn('duration_ms', 'double precision')
    .addColumn('event_bytes', 'bigint', (column) => column.notNull())
    .addColumn('result_bytes', 'bigint')
    .addColumn('newest_attempt', 'bigint', (column) => column.notNull())
    .execute();
}

async function createAttempts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('attempts')
    .addColumn('invocation_id', 'text', (column) => column.notNull())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('error_type', 'text')
    .addColumn('top_frame', 'text')
    .addColumn('fields_json', 'text', (column) => column.notNull())
    .addColumn('first_line_ms', 'bigint')
    .addColumn('last_line_ms', 'bigint')
    // The last column, so that reading the others never reads the pages of long output.
    .addColumn('lines_json', 'text')
    .addPrimaryKeyConstraint('attempts_pk', ['invocation_id', 'number'])
    .execute();
}

async function createIndexes(db: Kysely<unknown>): Promise<void> {
  // The filters of the list are in the indexes, so that a rare outcome is found without reading the rows between.
  const filters = ['id', 'started_ms', 'outcome', 'start', 'state'];
  await db.schema
    .createIndex('invocations_by_workspace')
    .on('invocations')
    .columns(['workspace_id', ...filters])
    .execute();
  await db.schema
    .createIndex('invocations_by_function')
    .on('invocations')
    .columns(['function_id', ...filters])
    .execute();
  // Only attempts that printed pay for the first index, and only those that failed pay for the second.
  await db.schema
    .createIndex('attempts_with_lines')
    .on('attempts')
    .columns(['function_id', 'invocation_id', 'number', 'first_line_ms', 'last_line_ms'])
    .where(sql.ref('lines_json'), 'is not', null)
    .execute();
  await db.schema
    .createIndex('attempts_failed')
    .on('attempts')
    .columns(['function_id', 'invocation_id', 'started_ms'])
    .where(sql.ref('error_type'), 'is not', null)
    .execute();
}

/** RFC 3339 UTC with milliseconds: the only form that was ever stored. */
function millisecondsOf(text: RawBuilder<unknown>): RawBuilder<number> {
  return sql`(unixepoch(${text}) * 1000 + cast(substr(${text}, 21, 3) as integer))`;
}

async function copyInvocations(db: Kysely<unknown>): Promise<void> {
  await sql`
    insert into invocations
    select id, workspace_id, function_id, function_name, mode, "trigger", state, outcome, isolation, start,
      ${millisecondsOf(sql.ref('started_at'))}, ${millisecondsOf(sql.ref('finished_at'))}, duration_ms, event_bytes, result_bytes,
      json_array_length(attempts_json)
    from invocations_before order by id`.execute(db);
}

/**
 * The cells of an attempt stay as they are, but for its error (place 12), which was an object and becomes a list like
 * every other group. Grouping wants plain texts: the escaped NUL of a hostile error type is replaced before it is read.
 */
async function copyAttempts(db: Kysely<unknown>): Promise<void> {
  const failed = sql`json_extract(cells, '$[5]') in ('error', 'timeout', 'oom', 'crashed')`;
  // Python prints the innermost frame last, Node first. Frames of installed packages are not the author's.
  const topFrame = sql`(
    select value from json_each(plain, '$[12].stackTrace')
    where value like '%/var/task/%' and value not like '%/node_modules/%' and value not like '%/site-packages/%'
    order by case when json_extract(plain, '$[2]') like 'python%' then -key else key end
    limit 1)`;
  await sql`
    insert into attempts
    select id, json_extract(cells, '$[0]'), one.workspace_id, one.function_id,
      ${millisecondsOf(sql`json_extract(cells, '$[4]')`)}, json_extract(cells, '$[5]'),
      case when ${failed}
        then coalesce(json_extract(plain, '$[12].errorType'), json_extract(cells, '$[6]'), json_extract(cells, '$[5]')) end,
      case when ${failed} then ${topFrame} end,
      case when json_type(cells, '$[12]') = 'object' then json_set(cells, '$[12]', json_array(
        cells -> '$[12].errorType', cells -> '$[12].errorMessage', cells -> '$[12].stackTrace')) else cells end,
      ${millisecondsOf(sql.ref('first_at'))}, ${millisecondsOf(sql.ref('last_at'))}, lines_json
    from (
      select before.id, workspace_id, function_id, item.value as cells, replace(item.value, '\\u0000', '\\ufffd') as plain
      from invocations_before as before, json_each(before.attempts_json) as item order by before.id, item.key
    ) as one
    left join log_blocks
      on log_blocks.function_id = one.function_id and log_blocks.invocation_id = one.id
      and log_blocks.attempt = json_extract(one.cells, '$[0]')
    where true
    on conflict do nothing`.execute(db);
}

/** No text holds NUL, because engines other than SQLite refuse it. Only captured bodies could contain one. */
async function takeOutNul(db: Kysely<unknown>): Promise<void> {
  const bodies = db as Kysely<{ payloads: { invocation_id: string; event: string | null; result: string | null } }>;
  const rows = await bodies
    .selectFrom('payloads')
    .select(['invocation_id', 'event', 'result'])
    .where(sql<boolean>`instr(cast(event as blob), x'00') > 0 or instr(cast(result as blob), x'00') > 0`)
    .execute();
  for (const { invocation_id, event, result } of rows) {
    await bodies
      .updateTable('payloads')
      .set({ event: event?.replaceAll('\0', '\ufffd') ?? null, result: result?.replaceAll('\0', '\ufffd') ?? null })
      .where('invocation_id', '=', invocation_id)
      .execute();
  }
}
