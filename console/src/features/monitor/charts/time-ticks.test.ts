import { expect, it } from 'vitest';
import { timeTicks } from './time-ticks.ts';

const FROM_MS = new Date(2026, 10, 25, 19, 3, 20).getTime();

it('an hour is marked at round minutes', () => {
  const ticks = timeTicks(FROM_MS, FROM_MS + 3_600_000, 8);
  expect(ticks.map(({ label }) => label)).toEqual(['19:10', '19:20', '19:30', '19:40', '19:50', '20:00']);
});

it('a day is marked at round hours, and midnight by its date', () => {
  const labels = timeTicks(FROM_MS, FROM_MS + 86_400_000, 8).map(({ label }) => label);
  expect(labels).toEqual(['21:00', '26 Nov', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00']);
});

it('days are marked by their dates, and there are never more ticks than asked for, by one', () => {
  expect(timeTicks(FROM_MS, FROM_MS + 7 * 86_400_000, 8)[0]?.label).toBe('26 Nov');
  for (const spanMs of [60_000, 900_000, 5 * 3_600_000, 30 * 86_400_000, 400 * 86_400_000])
    for (const count of [3, 5, 8]) expect(timeTicks(FROM_MS, FROM_MS + spanMs, count).length).toBeLessThanOrEqual(41);
});
