import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bruteForceTicks, clockChanges } from '../testing/brute-force-ticks.ts';
import { parseExpression } from './parse-expression.ts';
import { tickSource } from './tick-source.ts';

const HOUR_MS = 3_600_000;
const ticksOf = (expression: string, timezone = 'UTC', anchorMs = 0) =>
  tickSource(parseExpression(expression), timezone, anchorMs);

/** All ticks from `fromMs` on, before `toMs`. */
function forward(expression: string, timezone: string, fromMs: number, toMs: number): number[] {
  const source = ticksOf(expression, timezone);
  const ticks: number[] = [];
  for (let at = source.next(fromMs - 1); at !== null && at < toMs; at = source.next(at)) ticks.push(at);
  return ticks;
}

const times = (ticks: readonly number[]) => ticks.map((ms) => new Date(ms).toISOString().slice(0, 19));

/** Fixed times, lists and ranges of them, wildcards and steps, around the hours in which clocks change. */
const PATTERNS = [
  '30 2 * * *',
  '0 3 * * *',
  '59 23 * * *',
  '0 0 * * *',
  '15,45 1-3 * * *',
  '30 0,1,2,3,4 * * *',
  '*/5 * * * *',
  '7 * * * *',
  '*/20 2 * * *',
  '30 */2 * * *',
  '10 0-23/3 * * *',
  '30 2 * * sun',
  '0,30 * * * *',
  '45 30 2 * * *',
  '45 */15 * * * *',
  '0 23 * * *',
];

describe('daylight saving', () => {
  const changes = clockChanges(Date.UTC(2026, 0, 1), Date.UTC(2028, 0, 1));

  test('the changes of two years in all time zones are many and of all kinds', () => {
    expect(changes.length).toBeGreaterThan(60);
    const shifts = new Set(changes.map(({ shiftMs }) => shiftMs));
    for (const shiftMs of [-HOUR_MS, HOUR_MS, HOUR_MS / 2, -HOUR_MS / 2]) expect(shifts).toContain(shiftMs);
  });

  test.each(PATTERNS)('%s ticks as brute force says at every change', { timeout: 120_000 }, (pattern) => {
    for (const { timezone, atMs } of changes) {
      const fromMs = atMs - 5 * HOUR_MS;
      const toMs = atMs + 5 * HOUR_MS;
      const expected = bruteForceTicks(pattern, timezone, fromMs, toMs);
      const where = `${timezone} ${new Date(atMs).toISOString()}`;
      expect([where, times(forward(pattern, timezone, fromMs, toMs))]).toEqual([where, times(expected)]);
      const back = ticksOf(pattern, timezone).previous(expected.length, toMs).reverse();
      expect([where, times(back)]).toEqual([where, times(expected)]);
    }
  });

  test('the next tick is the same from wherever one looks, within a gap and within a doubled hour too', () => {
    const offsetMs = fc.integer({ min: -4 * HOUR_MS, max: 4 * HOUR_MS });
    fc.assert(
      fc.property(fc.constantFrom(...changes), fc.constantFrom(...PATTERNS), offsetMs, (change, pattern, awayMs) => {
        const fromMs = change.atMs + awayMs;
        const expected = bruteForceTicks(pattern, change.timezone, fromMs + 1, change.atMs + 6 * HOUR_MS)[0];
        const next = ticksOf(pattern, change.timezone).next(fromMs);
        if (expected === undefined) expect(next === null || next >= change.atMs + 6 * HOUR_MS).toBe(true);
        else expect(next).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['a fixed time that is skipped, at the end of the gap', '30 2 * * *', '2026-03-29', ['01:00']],
    ['a fixed time that comes twice, at its first', '30 2 * * *', '2026-10-25', ['00:30']],
    ['several fixed times in one gap, once', '0,30 2 * * *', '2026-03-29', ['01:00']],
    ['a one-off time that is skipped, at the end of the gap', 'at(2026-03-29T02:30:00)', '2026-03-29', ['01:00']],
    ['a one-off time that comes twice, at its first', 'at(2026-10-25T02:30:00)', '2026-10-25', ['00:30']],
    ['a stepped time that is skipped, not at all', '*/30 2 * * *', '2026-03-29', []],
    ['a stepped time that comes twice, twice', '*/30 2 * * *', '2026-10-25', ['00:00', '00:30', '01:00', '01:30']],
  ])('in Zurich ticks %s', (_what, expression, day, expected) => {
    const fromMs = Date.parse(`${day}T00:00:00Z`);
    expect(times(forward(expression, 'Europe/Zurich', fromMs - 1, fromMs + 3 * HOUR_MS))).toEqual(
      expected.map((time) => `${day}T${time}:00`),
    );
  });
});

describe('expressions', () => {
  const FROM = Date.UTC(2026, 0, 1, 0, 0, 7, 250);
  test.each([
    ['*/5 * * * *', '2026-01-01T00:05:00'],
    ['@hourly', '2026-01-01T01:00:00'],
    ['30 9 * jan mon-fri', '2026-01-01T09:30:00'],
    ['0 0 * * 7', '2026-01-04T00:00:00'],
    ['15 * * * * *', '2026-01-01T00:00:15'],
    ['0 0 29 feb *', '2028-02-29T00:00:00'],
    ['cron(0 10 * * ? *)', '2026-01-01T10:00:00'],
    ['cron(15 12 ? * 2 *)', '2026-01-05T12:15:00'],
    ['cron(0 18 ? * MON-FRI *)', '2026-01-01T18:00:00'],
    ['cron(0/10 * ? * 6#1 2027)', '2027-01-01T00:00:00'],
    ['cron(0 8 L * ? *)', '2026-01-31T08:00:00'],
    ['at(2026-05-01T08:00:00)', '2026-05-01T08:00:00'],
    ['2026-05-01T08:00:00+02:00', '2026-05-01T06:00:00'],
    ['2026-05-01T08:00:00Z', '2026-05-01T08:00:00'],
  ])('%s is first due at %s', (expression, expected) => {
    expect(times([ticksOf(expression).next(FROM) ?? 0])).toEqual([expected]);
  });

  test('a rate ticks at whole intervals after its anchor, forwards and backwards', () => {
    const unit = fc.constantFrom('second', 'minutes', 'hour', 'days');
    const count = fc.integer({ min: 1, max: 300 });
    const farMs = fc.integer({ min: 0, max: 400 * 86_400_000 });
    fc.assert(
      fc.property(count, unit, farMs, fc.integer({ min: 0, max: 1_000 }), (n, name, away, anchorMs) => {
        const source = ticksOf(`rate(${n} ${name})`, 'UTC', anchorMs);
        const everyMs = n * { second: 1_000, minutes: 60_000, hour: 3_600_000, days: 86_400_000 }[name]!;
        const next = source.next(anchorMs + away) ?? 0;
        expect((next - anchorMs) % everyMs).toBe(0);
        expect(next).toBeGreaterThan(anchorMs + away);
        expect(next - everyMs).toBeLessThanOrEqual(anchorMs + away);
        expect(source.previous(2, next)).toEqual([next - everyMs, next - 2 * everyMs].filter((ms) => ms > anchorMs));
      }),
    );
  });

  test.each([
    '',
    '* * * *',
    '* * * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '*/0 * * * *',
    '5-1 * * * *',
    'x * * * *',
    '* * * foo *',
    '@reboot',
    'cron(* * * * *)',
    'cron(0 10 * * MON *)',
    'cron(0 10 ? * ? *)',
    'cron(0 10 ? * 8 *)',
    'rate(0 minutes)',
    'rate(5 fortnights)',
    'rate(-5 minutes)',
    'rate(9999 days)',
    'at(2026-02-30T00:00:00)',
    'at(tomorrow)',
    '2026-01-01T25:00:00Z',
    '2026-01-01T10:00:00+99:00',
    'x'.repeat(10_000),
  ])('%s is refused as an invalid schedule', (expression) => {
    expect(() => ticksOf(expression)).toThrow(expect.objectContaining({ code: 'invalid_schedule' }));
  });

  test.each(['0 0 30 2 *', '0 0 31 4,6 *', 'cron(0 0 1 1 ? 2020)'])('%s never ticks', (expression) => {
    expect(ticksOf(expression).next(FROM)).toBeNull();
  });

  test.each(['Mars/Phobos', '', '+01:00', 'Europe/Zurich '])('"%s" is refused as an unknown time zone', (timezone) => {
    expect(() => ticksOf('* * * * *', timezone)).toThrow(expect.objectContaining({ code: 'unknown_timezone' }));
  });
});
