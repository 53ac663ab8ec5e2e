import { expect, it } from 'vitest';
import type { FunctionSummary } from '../../shared/api/types.ts';
import { chooseRows, type FunctionRowData, type ListedActivity, parseSort, toggleSort } from './function-row-data.ts';

function row(name: string, callsPerMinute: number | null, extra: Partial<FunctionSummary> = {}): FunctionRowData {
  const fn = { name, description: '', runtime: 'nodejs24', effectiveIsolation: 'docker', tags: {}, ...extra };
  return {
    fn: fn as FunctionSummary,
    activity: callsPerMinute === null ? null : ({ callsPerMinute } as ListedActivity),
  };
}
const ROWS = [row('beta', 3), row('alpha', null, { tags: { team: 'billing' } }), row('gamma', 12)];
const names = (rows: FunctionRowData[]): string[] => rows.map(({ fn }) => fn.name);

it('every word of a search has to be found, in name, description, runtime or tags', () => {
  expect(names(chooseRows(ROWS, 'NODE al', parseSort('name')))).toEqual(['alpha']);
  expect(names(chooseRows(ROWS, 'team:bill', parseSort('name')))).toEqual(['alpha']);
  expect(names(chooseRows(ROWS, 'nobody', parseSort('name')))).toEqual([]);
});

it('the busiest come first when asked, and those never called last', () => {
  expect(names(chooseRows(ROWS, '', parseSort('-calls')))).toEqual(['gamma', 'beta', 'alpha']);
});

it('an unknown order in the address is by name', () => {
  expect(parseSort('-price')).toEqual({ key: 'name', isDescending: false });
});

it('a heading turns its order round; figures begin with the largest', () => {
  expect(toggleSort(parseSort('name'), 'p95')).toBe('-p95');
  expect(toggleSort(parseSort('-p95'), 'p95')).toBe('p95');
  expect(toggleSort(parseSort('-p95'), 'name')).toBe('name');
});
