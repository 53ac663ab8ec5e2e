import { expect, it } from 'vitest';
import { formatRelative } from './instants.ts';

const NOW_MS = Date.parse('2026-11-25T12:00:00Z');
const ago = (ms: number): string =>
  formatRelative(new Date(NOW_MS - ms).toISOString(), NOW_MS).replaceAll('\u00a0', ' ');

it.each([
  [1_000, 'just now'],
  [42_400, '42 s ago'],
  [125_000, '2 min ago'],
  [-240_000, 'in 4 min'],
])('%s ms ago reads %s', (ms, text) => {
  expect(ago(ms)).toBe(text);
});

it('what is more than a week away is a date', () => {
  expect(ago(9 * 24 * 3_600_000)).toMatch(/^2026-11-1\d$/);
});
