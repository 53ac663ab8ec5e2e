import { expect, it } from 'vitest';
import { invocationsQuery, isFiltered, NO_FILTERS } from './list-filters.ts';

const NOW_MS = Date.parse('2026-11-25T20:00:00Z');

it('what the address does not name is not asked for', () => {
  expect(invocationsQuery(NO_FILTERS, null, NOW_MS)).toEqual({});
  expect(isFiltered({ ...NO_FILTERS, view: 'errors' })).toBe(false);
});

it('drafts that were only tried are asked for only when switched on', () => {
  expect(invocationsQuery({ ...NO_FILTERS, tried: 'yes', outcome: 'failed' }, null, NOW_MS)).toEqual({
    tried: 'true',
    outcome: 'failed',
  });
});

it('a span ends now; a range from the charts wins over it', () => {
  expect(invocationsQuery({ ...NO_FILTERS, within: '1h' }, null, NOW_MS)).toEqual({ from: '2026-11-25T19:00:00.000Z' });
  const range = { ...NO_FILTERS, within: '1h', from: '2026-11-25T10:00:00.000Z', to: '2026-11-25T10:05:00.000Z' };
  expect(invocationsQuery(range, null, NOW_MS)).toEqual({ from: range.from, to: range.to });
  expect(invocationsQuery({ ...NO_FILTERS, within: 'nonsense' }, null, NOW_MS)).toEqual({});
});

it('a function’s own list is of that function, whatever the address says', () => {
  const filters = { ...NO_FILTERS, function: 'other', outcome: 'error', start: 'cold' };
  expect(invocationsQuery(filters, 'mine', NOW_MS)).toEqual({ function: 'mine', outcome: 'error', start: 'cold' });
  expect(isFiltered(filters)).toBe(true);
});
