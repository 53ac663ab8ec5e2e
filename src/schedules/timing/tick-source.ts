import { Cron, type CronOptions } from 'croner';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { type Expression, invalidSchedule } from './parse-expression.ts';
import { firstInstant } from './wall-clock.ts';

/** When something ticks. Times are milliseconds since 1970; nothing here reads a clock. */
export interface TickSource {
  /** The first tick strictly after; null when there is none. */
  next(afterMs: number): number | null;
  /** At most `count` ticks strictly before, the newest first. */
  previous(count: number, beforeMs: number): number[];
}

/**
 * The ticks of an expression in a zone; `rate` counts from `anchorMs`.
 *
 * Where clocks change, a fixed time that is skipped ticks once at the end of the gap, and one that comes twice ticks at its
 * first occurrence. A `*` or a step in second, minute or hour goes by elapsed time: what is skipped is not made up for, and
 * what comes twice ticks twice. Throws `unknown_timezone` and `invalid_schedule`.
 */
export function tickSource(expression: Expression, timezone: string, anchorMs: number): TickSource {
  checkTimezone(timezone);
  switch (expression.kind) {
    case 'rate':
      return rateTicks(expression.everyMs, anchorMs);
    case 'at':
      return oneTick('instantMs' in expression ? expression.instantMs : firstInstant(expression.localMs, timezone));
    case 'cron':
      return cronTicks(expression.pattern, timezone, expression.dialect === 'aws' ? AWS : UNIX);
  }
}

/** Throws `unknown_timezone` for what is no IANA name; offsets such as +01:00 know no daylight saving and are none. */
export function checkTimezone(timezone: string): void {
  try {
    if (!/^[+-]/.test(timezone) && timezone !== '') {
      new Intl.DateTimeFormat('en', { timeZone: timezone });
      return;
    }
  } catch {
    // Said below.
  }
  throw new ColdframeError('unknown_timezone', {
    errors: [{ path: '/timezone', message: 'takes an IANA name such as Europe/Zurich, or UTC' }],
  });
}

/** A time without a wildcard or step in second, minute and hour is a fixed one. */
function cronTicks(pattern: string, timezone: string, options: CronOptions): TickSource {
  const [second = '', minute = '', hour = ''] = pattern.split(' ');
  const isFixed = !/[*?/]/.test(`${second}${minute}${hour}`);
  const cron = calendar(pattern, isFixed ? 'UTC' : timezone, options);
  return isFixed ? fixedTicks(cron, timezone) : elapsedTicks(cron);
}

function elapsedTicks(cron: Cron): TickSource {
  return {
    // croner looks from the whole second that it is given on.
    next: (afterMs) => cron.nextRun(new Date(wholeSecond(afterMs)))?.getTime() ?? null,
    previous: (count, beforeMs) =>
      cron.previousRuns(count, new Date(wholeSecond(beforeMs + SECOND_MS - 1))).map((date) => date.getTime()),
  };
}

/**
 * croner says which wall-clock times match, as if in UTC; when those are is said here. Its own way drops a time whose gap ends on
 * the next day (a clock that goes from 23:00 to 00:00).
 */
function fixedTicks(cron: Cron, timezone: string): TickSource {
  const instantOf = (wall: Date) => firstInstant(wall.getTime(), timezone);
  return {
    next: (afterMs) => {
      let wall = cron.nextRun(new Date(wholeSecond(afterMs) - FAR_MS));
      while (wall !== null && instantOf(wall) <= afterMs) wall = cron.nextRun(wall);
      return wall === null ? null : instantOf(wall);
    },
    previous: (count, beforeMs) => {
      const ticks: number[] = [];
      let wall = cron.previousRuns(1, new Date(wholeSecond(beforeMs) + FAR_MS))[0];
      while (wall !== undefined && ticks.length < count) {
        const atMs = instantOf(wall);
        // Several in one gap are one tick.
        if (atMs < beforeMs && atMs !== ticks.at(-1)) ticks.push(atMs);
        wall = cron.previousRuns(1, wall)[0];
      }
      return ticks;
    },
  };
}

const SECOND_MS = 1_000;
/** Further than any wall clock is from UTC. */
const FAR_MS = 40 * 3_600_000;
const wholeSecond = (ms: number): number => Math.floor(ms / SECOND_MS) * SECOND_MS;

const UNIX: CronOptions = { mode: '6-part' };
/** The year comes last and Sunday is 1. */
const AWS: CronOptions = { mode: '7-part', alternativeWeekdays: true, sloppyRanges: true };

function calendar(pattern: string, timezone: string, options: CronOptions): Cron {
  try {
    return new Cron(pattern, { timezone, paused: true, fixedTimeRule: 'no-wildcard', ...options });
  } catch (error) {
    const reason = (error as Error).message.replace(/^CronPattern: /, '').replace(/configuration entry/, 'field');
    throw invalidSchedule(`is no cron: ${reason}`);
  }
}

function oneTick(atMs: number): TickSource {
  return {
    next: (afterMs) => (atMs > afterMs ? atMs : null),
    previous: (count, beforeMs) => (count > 0 && atMs < beforeMs ? [atMs] : []),
  };
}

/** The first tick is one interval after the anchor. */
function rateTicks(everyMs: number, anchorMs: number): TickSource {
  return {
    next: (afterMs) => anchorMs + Math.max(1, Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs,
    previous: (count, beforeMs) => {
      const newest = Math.ceil((beforeMs - anchorMs) / everyMs) - 1;
      return Array.from({ length: Math.max(0, Math.min(count, newest)) }, (_, i) => anchorMs + (newest - i) * everyMs);
    },
  };
}
