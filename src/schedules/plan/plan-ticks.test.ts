import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATCH_UPS, type CatchUp, type Schedule } from '../../domain/schedule.ts';
import { firstTick, ON_TIME_MS, planTicks, ticksOf } from './plan-ticks.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 4, 5, 12);

type Planned = Parameters<typeof planTicks>[0];

function made(expression: string, over: Partial<Schedule> = {}, nowMs = NOON_MS): Planned {
  const schedule = {
    id: 'a-schedule',
    expression,
    timezone: 'UTC',
    jitterMs: 0,
    catchUp: 'once' as CatchUp,
    catchUpMax: 100,
    catchUpWindowMs: 24 * HOUR_MS,
    startMs: null,
    endMs: null,
    anchorMs: nowMs,
    lastMs: null,
    ...over,
  };
  return { ...schedule, nextMs: firstTick(schedule, nowMs) };
}

/** Looks at each of these times, as the loop does, and tells the ticks that were run, each with the time of the look. */
function lookAt(schedule: Planned, looks: readonly number[]): { ticks: number[]; at: number[]; missed: number } {
  let now = schedule;
  const ran = { ticks: [] as number[], at: [] as number[], missed: 0 };
  for (const atMs of looks) {
    const plan = planTicks(now, atMs);
    if (plan === null) continue;
    ran.ticks.push(...plan.runs);
    ran.at.push(...plan.runs.map(() => atMs));
    ran.missed += plan.missed;
    now = { ...now, nextMs: plan.nextMs, lastMs: plan.lastMs };
  }
  return ran;
}

/** From noon on, each look this much after the one before. */
function looksAfter(movesMs: readonly number[]): number[] {
  let atMs = NOON_MS;
  return movesMs.map((moveMs) => {
    atMs += moveMs;
    return atMs;
  });
}

/** Looks every second from one time to another. */
const everySecond = (fromMs: number, toMs: number) =>
  Array.from({ length: Math.max(0, (toMs - fromMs) / 1_000 + 1) }, (_, i) => fromMs + i * 1_000);
/** How many ticks of the schedule lie after one time and up to another. */
function ticksWithin(schedule: Planned, afterMs: number, toMs: number): number[] {
  const source = ticksOf(schedule);
  const ticks: number[] = [];
  for (let at = source.next(afterMs); at !== null && at <= toMs; at = source.next(at)) ticks.push(at);
  return ticks;
}

describe('a schedule that is looked at in time', () => {
  const expressions = ['* * * * *', '*/7 * * * *', '*/20 * * * * *', 'rate(90 seconds)', '0 * * * *', '13 12,13 * * *'];
  test('runs every tick once, whatever its catch-up policy and jitter', () => {
    const steps = fc.array(fc.integer({ min: 1, max: ON_TIME_MS }), { minLength: 10, maxLength: 60 });
    const jitterMs = fc.constantFrom(0, 0, 5_000, MINUTE_MS);
    fc.assert(
      fc.property(
        fc.constantFrom(...expressions),
        fc.constantFrom(...CATCH_UPS),
        jitterMs,
        steps,
        (expression, catchUp, jitter, gaps) => {
          const schedule = made(expression, { catchUp, jitterMs: jitter });
          const looks = looksAfter(gaps);
          const ran = lookAt(schedule, looks);
          const endMs = looks.at(-1) ?? NOON_MS;
          const surelyDue = ticksWithin(schedule, NOON_MS, endMs - jitter);
          expect(ran.ticks.slice(0, surelyDue.length)).toEqual(surelyDue);
          expect(new Set(ran.ticks).size).toBe(ran.ticks.length);
          ran.ticks.forEach((tickMs, index) => {
            expect(ran.at[index]! - tickMs).toBeGreaterThanOrEqual(0);
            expect(ran.at[index]! - tickMs).toBeLessThanOrEqual(jitter + ON_TIME_MS);
          });
          expect(ran.missed).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('an hour of downtime', () => {
  const afterMs = NOON_MS + HOUR_MS + 2 * MINUTE_MS;
  const ticksRun = (expression: string, over: Partial<Schedule>) =>
    lookAt(made(expression, over), [afterMs, afterMs + 1_000]);

  test('with `once`: the newest missed tick runs, once', () => {
    expect(ticksRun('*/5 * * * *', { catchUp: 'once' })).toMatchObject({ ticks: [NOON_MS + HOUR_MS], missed: 11 });
  });
  test('with `skip`: nothing runs until the next tick', () => {
    expect(ticksRun('*/5 * * * *', { catchUp: 'skip' })).toMatchObject({ ticks: [], missed: 12 });
  });
  test('with `all`: every missed tick runs, in order', () => {
    const all = Array.from({ length: 12 }, (_, i) => NOON_MS + (i + 1) * 5 * MINUTE_MS);
    expect(ticksRun('*/5 * * * *', { catchUp: 'all' })).toMatchObject({ ticks: all, missed: 0 });
    expect(ticksRun('*/5 * * * *', { catchUp: 'all', catchUpMax: 3 })).toMatchObject({
      ticks: all.slice(-3),
      missed: 9,
    });
  });
  test('a tick that is on time makes up for the missed ones with `once`, and runs with `skip` too', () => {
    const over = (catchUp: CatchUp) => lookAt(made('* * * * *', { catchUp }), [afterMs + 5_000]).ticks;
    expect([over('once'), over('skip')]).toEqual([[afterMs], [afterMs]]);
  });
  test('a rate goes on from the run that was made up for', () => {
    const ran = lookAt(made('rate(5 minutes)'), [afterMs, ...everySecond(afterMs, afterMs + 4 * MINUTE_MS)]);
    expect(ran.ticks).toEqual([NOON_MS + HOUR_MS, NOON_MS + HOUR_MS + 5 * MINUTE_MS]);
  });
  test('a one-off time that fell into it runs late, unless missed ticks are skipped', () => {
    const at = { startMs: null };
    expect(ticksRun('at(2026-05-05T12:30:00)', at).ticks).toEqual([NOON_MS + 30 * MINUTE_MS]);
    expect(ticksRun('at(2026-05-05T12:30:00)', { ...at, catchUp: 'skip' }).ticks).toEqual([]);
  });
});

test('whatever the downtime, nothing runs that was missed longer ago than the window, and never more than N', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('*/5 * * * *', 'rate(7 minutes)', '30 2 * * *', '* * * * * *'),
      fc.integer({ min: 1, max: 40 * 24 * 60 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: MINUTE_MS, max: 3 * 24 * HOUR_MS }),
      (expression, awayMinutes, catchUpMax, catchUpWindowMs) => {
        const schedule = made(expression, { catchUp: 'all', catchUpMax, catchUpWindowMs });
        const nowMs = NOON_MS + awayMinutes * MINUTE_MS;
        const { ticks } = lookAt(schedule, [nowMs]);
        expect([...ticks].sort((a, b) => a - b)).toEqual(ticks);
        const late = ticks.filter((tickMs) => tickMs < nowMs - ON_TIME_MS);
        expect(late.length).toBeLessThanOrEqual(catchUpMax);
        for (const tickMs of late) expect(tickMs).toBeGreaterThanOrEqual(nowMs - catchUpWindowMs);
        const plan = planTicks(schedule, nowMs);
        if (plan !== null) expect(plan.nextMs).toBe(ticksOf(schedule).next(nowMs));
      },
    ),
    { numRuns: 60 },
  );
});

describe('a clock that is set', () => {
  test('back an hour: cron runs no tick twice and goes on when the clock is there again', () => {
    const looks = [
      ...everySecond(NOON_MS, NOON_MS + 7 * MINUTE_MS),
      ...everySecond(NOON_MS - 53 * MINUTE_MS, NOON_MS + 11 * MINUTE_MS),
    ];
    const minutes = [5, 10].map((minute) => NOON_MS + minute * MINUTE_MS);
    expect(lookAt(made('*/5 * * * *'), looks).ticks).toEqual(minutes);
  });
  test('back an hour: a rate goes on an interval later, not an hour and an interval', () => {
    const setBackMs = NOON_MS - 53 * MINUTE_MS;
    const looks = [
      ...everySecond(NOON_MS, NOON_MS + 7 * MINUTE_MS),
      ...everySecond(setBackMs, setBackMs + 11 * MINUTE_MS),
    ];
    const ran = lookAt(made('rate(5 minutes)'), looks);
    expect(ran.ticks).toEqual([NOON_MS + 5 * MINUTE_MS, setBackMs + 5 * MINUTE_MS, setBackMs + 10 * MINUTE_MS]);
  });
  test('forward an hour and back again: the hour counts as missed, and none of it runs again', () => {
    const looks = [
      ...everySecond(NOON_MS, NOON_MS + 7 * MINUTE_MS),
      ...everySecond(NOON_MS + 67 * MINUTE_MS, NOON_MS + 68 * MINUTE_MS),
      ...everySecond(NOON_MS + 8 * MINUTE_MS, NOON_MS + 71 * MINUTE_MS),
    ];
    const ran = lookAt(made('*/5 * * * *'), looks);
    expect(ran.ticks).toEqual([5, 65, 70].map((minute) => NOON_MS + minute * MINUTE_MS));
  });
  test('however often: cron never runs a tick twice, and its ticks only rise', () => {
    const jumps = fc.array(fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom('* * * * *', '*/5 * * * *', '15 * * * *'), jumps, (expression, moves) => {
        const looks = looksAfter(moves);
        const { ticks } = lookAt(made(expression, { catchUp: 'all' }), looks);
        expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
      }),
    );
  });
});

describe('start and end', () => {
  test('no tick comes before the start, at or after the end, or after a one-off time', () => {
    const over = { startMs: NOON_MS + 10 * MINUTE_MS, endMs: NOON_MS + 20 * MINUTE_MS };
    const looks = everySecond(NOON_MS, NOON_MS + HOUR_MS);
    const minutes = [10, 15].map((minute) => NOON_MS + minute * MINUTE_MS);
    expect(lookAt(made('*/5 * * * *', over), looks).ticks).toEqual(minutes);
    expect(lookAt(made('rate(5 minutes)', over), looks).ticks).toEqual(minutes);
    expect(lookAt(made('at(2026-05-05T12:05:00)'), looks).ticks).toEqual([NOON_MS + 5 * MINUTE_MS]);
  });
  test('a schedule that is made anew with an end that is over, or a time that is over, has no tick', () => {
    expect(made('* * * * *', { endMs: NOON_MS - 1 }).nextMs).toBeNull();
    expect(made('at(2026-05-05T11:59:59)').nextMs).toBeNull();
  });
  test('resumed, cron does not run again what it ran before the clock was set back', () => {
    expect(made('*/5 * * * *', { lastMs: NOON_MS + 20 * MINUTE_MS }).nextMs).toBe(NOON_MS + 25 * MINUTE_MS);
  });
});
