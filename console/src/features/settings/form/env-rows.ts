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

export type EnvPatch = Record<string, string | { secret: string } | null>;

/** What makes `before` into the rows: changed and new variables, null for those that are gone. */
export function envPatch(rows: readonly EnvRow[], before: Env): EnvPatch {
  const patch: [string, EnvPatch[string]][] = [];
  const names = new Set(rows.map(({ name }) => name));
  for (const name of Object.keys(before)) if (!names.has(name)) patch.push([name, null]);
  for (const { name, value, kind } of rows) {
    if (kind === 'stored' || (kind === 'plain' && before[name] === value)) continue;
    patch.push([name, kind === 'secret' ? { secret: value } : value]);
  }
  return Object.fromEntries(patch);
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What is wrong with rows, by their key. */
export function envProblems(rows: readonly EnvRow[]): Map<string, string> {
  const problems = new Map<string, string>();
  const seen = new Set<string>();
  for (const { key, name } of rows) {
    if (name === '') problems.set(key, 'Give it a name.');
    else if (!NAME.test(name)) problems.set(key, 'Letters, digits and _, not beginning with a digit.');
    else if (seen.has(name)) problems.set(key, 'There are two of that name.');
    seen.add(name);
  }
  return problems;
}
