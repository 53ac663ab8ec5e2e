import type { ColdframeFunction } from '../../../shared/api/types.ts';

type Env = ColdframeFunction['env'];

/** One variable as the form has it. A stored secret cannot be read; it stays until another value replaces it. */
export interface EnvRow {
  /** Tells rows apart while names are typed. */
  key: string;
  name: string;
  value: string;
  kind: 'plain' | 'secret' | 'stored';
}

export function envRows(env: Env): EnvRow[] {
  return Object.entries(env).map(([name, value]) =>
    typeof value === 'string'
      ? { key: name, name, value, kind: 'plain' }
      : { key: name, name, value: '', kind: 'stored' },
  );
}

export type EnvEdit = Record<string, string | { secret: string } | null>;

/** What makes `before` into the rows: changed and new variables, null for those that are gone. */
export function envPatch(rows: readonly EnvRow[], before: Env): EnvEdit {
  const patch: [string, EnvEdit[string]][] = [];
  const names = new Set(rows.map(({ name }) => name));
  for (const name of Object.keys(before)) if (!names.has(name)) patch.push([name, null]);
  for (const { name, value, kind } of rows) {
    if (kind === 'stored' || (kind === 'plain' && before[name] === value)) continue;
    patch.push([name, kind === 'secret' ? { secret: value } : value]);
  }
  return Object.fromEntries(patch);
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What is wrong with variables, by their key. */
export function envProblems(rows: readonly EnvRow[]): Map<string, string> {
  return rowProblems(rows, ({ name }) =>
    NAME.test(name) ? null : 'Letters, digits and _, not beginning with a digit.',
  );
}

const TAG_NAME_MAX_CHARS = 128;
const TAG_VALUE_MAX_CHARS = 256;

/** What is wrong with tags, by their key; a tag's row is that of a plain variable. */
export function tagProblems(rows: readonly EnvRow[]): Map<string, string> {
  return rowProblems(rows, ({ name, value }) =>
    name.length <= TAG_NAME_MAX_CHARS && value.length <= TAG_VALUE_MAX_CHARS
      ? null
      : `At most ${TAG_NAME_MAX_CHARS} characters of name and ${TAG_VALUE_MAX_CHARS} of value.`,
  );
}

function rowProblems(rows: readonly EnvRow[], problemOf: (row: EnvRow) => string | null): Map<string, string> {
  const problems = new Map<string, string>();
  const seen = new Set<string>();
  for (const row of rows) {
    const problem = row.name === '' ? 'Give it a name.' : problemOf(row);
    if (problem !== null) problems.set(row.key, problem);
    else if (seen.has(row.name)) problems.set(row.key, 'There are two of that name.');
    seen.add(row.name);
  }
  return problems;
}
