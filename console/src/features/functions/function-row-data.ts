import type { FunctionsActivityResponses } from '../../../../src/client/generated/types.gen.ts';
import type { FunctionSummary } from '../../shared/api/types.ts';

export type ListedActivity = FunctionsActivityResponses[200]['items'][number];

/** One function and what it did lately; null when it was never called. */
export interface FunctionRowData {
  fn: FunctionSummary;
  activity: ListedActivity | null;
}

export const SORTS = ['name', 'runtime', 'isolation', 'last', 'calls', 'p95', 'errors'] as const;
export type SortKey = (typeof SORTS)[number];

export interface Sort {
  key: SortKey;
  isDescending: boolean;
}

/** `calls`, `-calls`, as in the address; anything else is by name. */
export function parseSort(text: string): Sort {
  const isDescending = text.startsWith('-');
  const key = SORTS.find((one) => one === (isDescending ? text.slice(1) : text));
  return key === undefined ? { key: 'name', isDescending: false } : { key, isDescending };
}

/** The next state of a column's heading: figures begin with the largest. */
export function toggleSort(current: Sort, key: SortKey): string {
  const startsDescending = key === 'calls' || key === 'p95' || key === 'errors' || key === 'last';
  const isDescending = current.key === key ? !current.isDescending : startsDescending;
  return `${isDescending ? '-' : ''}${key}`;
}

/** Rows whose name, description, runtime or tags hold every word of the search, in the asked order; ties by name. */
export function chooseRows(rows: readonly FunctionRowData[], search: string, sort: Sort): FunctionRowData[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = rows.filter(({ fn }) => {
    const text = haystack(fn);
    return words.every((word) => text.includes(word));
  });
  const sign = sort.isDescending ? -1 : 1;
  return chosen.sort((one, other) => {
    const order = compare(figureOf(one, sort.key), figureOf(other, sort.key));
    return order === 0 ? one.fn.name.localeCompare(other.fn.name) : order * sign;
  });
}

function haystack(fn: FunctionSummary): string {
  const tags = Object.entries(fn.tags).map(([key, value]) => `${key}:${value}`);
  return [fn.name, fn.description, fn.runtime, fn.effectiveIsolation, ...tags].join(' ').toLowerCase();
}

function figureOf({ fn, activity }: FunctionRowData, key: SortKey): string | number {
  switch (key) {
    case 'name':
      return fn.name.toLowerCase();
    case 'runtime':
      return fn.runtime;
    case 'isolation':
      return fn.effectiveIsolation;
    case 'last':
      return activity?.lastAt ?? '';
    case 'calls':
      return activity?.callsPerMinute ?? -1;
    case 'p95':
      return activity?.p95Ms ?? -1;
    case 'errors':
      return activity?.errorRate ?? -1;
  }
}

function compare(one: string | number, other: string | number): number {
  if (typeof one === 'string' && typeof other === 'string') return one.localeCompare(other);
  return Number(one) - Number(other);
}
