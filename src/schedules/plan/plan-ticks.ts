import type { Schedule } from '../../domain/schedule.ts';
import { parseExpression } from '../timing/parse-expression.ts';
import { type TickSource, tickSource } from '../timing/tick-source.ts';
import { tickJitterMs } from './tick-jitter.ts';

/** A tick found later than this was missed: nobody was there to run it. A restart is quicker. */
export const ON_TIME_MS = 30_000;
/** Missed ticks are counted up to this; beyond it they are "many". */
export const MISSED_COUNTED_MAX = 100;

export interface TickPlan {
  /** Ticks to run now, the oldest first. */
  runs: number[];
  /** Ticks that were missed and are not run; counted up to MISSED_COUNTED_MAX. */
  missed: number;
  /** The tick after them; null when no tick is left. */
  nextMs: number | null;
  /** The newest tick that is dealt with by this. */
  lastMs: number | null;
}

type Planned = Pick<
  Schedule,
  | 'id'
  | 'expression'
  | 'timezone'
  | 'jitterMs'
  | 'catchUp'
  | 'catchUpMax'
  | 'catchUpWindowMs'
  | 'startMs'
  | 'endMs'
  | 'anchorMs'
  | 'nextMs'
  | 'lastMs'
>;

type Timing = Pick<Planned, 'expression' | 'timezone' | 'startMs' | 'anchorMs' | 'lastMs' | 'nextMs'>;

/**
 * What is to be done at `nowMs` (wall clock); null when nothing is. A schedule never runs a tick twice, since it only goes on
 * from `nextMs`: a clock set back finds nothing due until it was there again. A rate is about elapsed time instead, so it
 * goes on one interval after the clock was set back. A clock set forward is like having been away.
 */
export function planTicks(schedule: Planned, nowMs: number): TickPlan | null {
  const { nextMs, lastMs, jitterMs, endMs } = schedule;
  if (nextMs === null) return null;
  const overdrawnMs = rateOverdrawnTo(schedule, nowMs);
  if (overdrawnMs !== null) return { runs: [], missed: 0, nextMs: before(endMs, overdrawnMs), lastMs };
  const dueMs = (tickMs: number) => tickMs + tickJitterMs(schedule.id, tickMs, jitterMs);
  if (dueMs(nextMs) > nowMs) return null;
  const source = ticksOf(schedule);
  const recentMs = nowMs - ON_TIME_MS - jitterMs;
  const onTime: number[] = [];
  let tickMs: number | null = nextMs >= recentMs ? nextMs : source.next(recentMs - 1);
  for (; tickMs !== null && (endMs === null || tickMs < endMs); tickMs = source.next(tickMs)) {
    if (dueMs(tickMs) > nowMs) break;
    onTime.push(tickMs);
  }
  const missed = nextMs < recentMs ? missedTicks(schedule, source, nextMs, recentMs) : [];
  const runs = [...caughtUp(schedule, missed, onTime, nowMs), ...onTime];
  return {
    runs,
    missed: Math.min(missed.length + onTime.length - runs.length, MISSED_COUNTED_MAX),
    nextMs: before(endMs, tickMs),
    lastMs: onTime.at(-1) ?? missed[0] ?? nextMs,
  };
}

/**
 * The first tick of a schedule that was made, changed or resumed at `nowMs`, or that is in force from `startMs`; null when
 * there is none. `lastMs` is the newest tick dealt with: none before it comes again.
 */
export function firstTick(schedule: Omit<Planned, 'nextMs'>, nowMs: number): number | null {
  const fromMs = Math.max(nowMs, (schedule.startMs ?? nowMs) - 1);
  const isRate = parseExpression(schedule.expression).kind === 'rate';
  const afterMs = isRate ? fromMs : Math.max(fromMs, schedule.lastMs ?? fromMs);
  return before(schedule.endMs, ticksOf({ ...schedule, nextMs: null }).next(afterMs));
}

/** The ticks of a schedule. A rate is counted from its next tick, its last run or its start, whichever there is. */
export function ticksOf({ expression: text, timezone, startMs, anchorMs, lastMs, nextMs }: Timing): TickSource {
  const expression = parseExpression(text);
  if (expression.kind !== 'rate') return tickSource(expression, timezone, anchorMs);
  if (nextMs !== null) return tickSource(expression, timezone, nextMs - expression.everyMs);
  const startAnchorMs = (startMs ?? 0) - expression.everyMs;
  return tickSource(expression, timezone, Math.max(anchorMs, startAnchorMs, lastMs ?? 0));
}

/** Where a rate goes on when the clock was set back so far that its next tick is more than an interval away; else null. */
function rateOverdrawnTo({ expression: text, startMs, nextMs }: Planned, nowMs: number): number | null {
  const expression = parseExpression(text);
  if (expression.kind !== 'rate' || nextMs === null) return null;
  const fromMs = Math.max(nowMs, startMs ?? nowMs);
  return nextMs - fromMs > expression.everyMs ? fromMs + expression.everyMs : null;
}

/** Missed ticks from `nextMs` up to `recentMs`, the newest first: as many as are run or counted. */
function missedTicks({ catchUp, catchUpMax, endMs }: Planned, source: TickSource, nextMs: number, recentMs: number) {
  const wanted = Math.max(MISSED_COUNTED_MAX, catchUp === 'all' ? catchUpMax : 1);
  return source.previous(wanted, Math.min(recentMs, endMs ?? recentMs)).filter((tickMs) => tickMs >= nextMs);
}

function caughtUp(schedule: Planned, missed: readonly number[], onTime: readonly number[], nowMs: number): number[] {
  const { catchUp, catchUpMax, catchUpWindowMs } = schedule;
  const inWindow = missed.filter((tickMs) => tickMs >= nowMs - catchUpWindowMs);
  if (catchUp === 'all') return inWindow.slice(0, catchUpMax).reverse();
  // A tick that runs on time makes up for those before it.
  return catchUp === 'once' && onTime.length === 0 ? inWindow.slice(0, 1) : [];
}

function before(endMs: number | null, tickMs: number | null): number | null {
  return tickMs !== null && (endMs === null || tickMs < endMs) ? tickMs : null;
}
