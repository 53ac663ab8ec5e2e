import { SCOPE_EXCEPTIONS } from './scope-exceptions.ts';

/** Tables whose rows belong to a workspace. */
export const OWNED_TABLES = [
  'functions',
  'revisions',
  'routes',
  'keys',
  'sessions',
  'secrets',
  'test_events',
  'comparisons',
  'live_invocations',
  'invocation_events',
  'paused_queues',
  'idempotency_keys',
  'schedules',
  'schedule_runs',
] as const;

/**
 * A name of an owned table that stands for the table. A column of it (`keys.id`) or a part of another word does not
 * count.
 */
const TABLE = new RegExp(
  `(?<![\\w."'])(?:"(?:${OWNED_TABLES.join('|')})"|(?:${OWNED_TABLES.join('|')}))(?![\\w."])`,
  'gi',
);
/** `workspace_id` compared with a bound value or with that of another table, where no `or` can get round it. */
const PREDICATE =
  /(?<=\b(?:where|and|on)\s+)(?:"?\w+"?\.)?"?workspace_id"?\s*=\s*(?:\?|\$\d+|(?:"?\w+"?\.)?"?workspace_id"?)/gi;
const INSERT = /^\s*insert\s+into\s+"?\w+"?\s*\(([^)]*)\)/i;
const EXCEPTIONS: ReadonlySet<string> = new Set(SCOPE_EXCEPTIONS.map(({ sql }) => sql));

/**
 * Refuses the text of a statement that touches rows of workspaces without saying of which one. Throws. Such a statement
 * is a mistake in this program, and the first test that runs it finds it.
 */
export function vetScope(sql: string): void {
  if (reachesBeyondWorkspace(sql) && !EXCEPTIONS.has(sql.replace(/\$\d+/g, '?')))
    throw new Error(`a statement reaches beyond one workspace: ${sql}`);
}

/**
 * Each mention of an owned table needs a workspace of its own: a predicate, or the column of an insert. Moving a row to
 * another workspace is refused, too.
 */
export function reachesBeyondWorkspace(sql: string): boolean {
  const text = sql.replace(/'(?:[^']|'')*'/g, "''");
  const named = text.match(TABLE)?.length ?? 0;
  if (named === 0) return false;
  if (/\bset\b(?:(?!\bwhere\b).)*"?workspace_id"?\s*=/is.test(text)) return true;
  const hasOwnColumn = INSERT.exec(text)?.[1]?.includes('workspace_id') ?? false;
  return (text.match(PREDICATE)?.length ?? 0) + (hasOwnColumn ? 1 : 0) < named;
}
