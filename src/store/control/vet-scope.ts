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
] as const;

/** A name of an owned table that stands for the table: not a column of it (`keys.id`), not a part of another word. */
const TABLE = new RegExp(
  `(?<![\\w."'])(?:"(?:${OWNED_TABLES.join('|')})"|(?:${OWNED_TABLES.join('|')}))(?![\\w."])`,
  'gi',
);
/** `workspace_id` held to a bound value or to that of another table, where nothing can be an alternative to it. */
const PREDICATE =
  /(?<=\b(?:where|and|on)\s+)(?:"?\w+"?\.)?"?workspace_id"?\s*=\s*(?:\?|\$\d+|(?:"?\w+"?\.)?"?workspace_id"?)/gi;
const INSERT = /^\s*insert\s+into\s+"?\w+"?\s*\(([^)]*)\)/i;
const EXCEPTIONS: ReadonlySet<string> = new Set(SCOPE_EXCEPTIONS.map(({ sql }) => sql));

/**
 * Refuses the text of a statement that touches rows of workspaces without saying of which one. Throws; a statement that does
 * so is a mistake in this program, found by the first test that runs it.
 */
export function vetScope(sql: string): void {
  if (reachesBeyondWorkspace(sql) && !EXCEPTIONS.has(sql.replace(/\$\d+/g, '?')))
    throw new Error(`a statement reaches beyond one workspace: ${sql}`);
}

/**
 * Each time an owned table is named it needs a workspace of its own: a predicate, or the column of an insert. Moving a row to
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
