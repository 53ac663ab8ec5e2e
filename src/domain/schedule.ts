import type { WorkspaceId } from './workspace-id.ts';

/** What to do about ticks that nobody could run in their time: the server was down, or its machine slept. */
export const CATCH_UPS = ['skip', 'once', 'all'] as const;
export type CatchUp = (typeof CATCH_UPS)[number];

/** What to do at a tick while an invocation of the same schedule has not ended. One that waits for a retry has not ended. */
export const OVERLAPS = ['allow', 'skip', 'queue', 'cancel'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** Who keeps a schedule: somebody by API, CLI or console; or `coldframe.json`, whose deploy takes away what it no longer names. */
export const SCHEDULE_ORIGINS = ['api', 'deploy'] as const;
export type ScheduleOrigin = (typeof SCHEDULE_ORIGINS)[number];

/** What a schedule is, whatever has become of it so far. Times are milliseconds since 1970. */
export interface ScheduleSettings {
  /** Unique in its function. */
  name: string;
  /** Cron, `cron(...)`, `rate(...)` or `at(...)`; see schedules/timing/parse-expression.ts. */
  expression: string;
  /** IANA name of the zone in which the expression's times are meant. */
  timezone: string;
  /** JSON text: the event of each invocation. */
  event: string;
  isEnabled: boolean;
  /** Each tick is put off by up to this long, always the same for the same tick. */
  jitterMs: number;
  catchUp: CatchUp;
  /** Missed ticks that `all` runs at most. */
  catchUpMax: number;
  /** Ticks missed longer ago than this are never run. */
  catchUpWindowMs: number;
  overlap: Overlap;
  /** No tick before this; null: from its creation on. */
  startMs: number | null;
  /** No tick at or after this; null: for ever. */
  endMs: number | null;
  origin: ScheduleOrigin;
}

export interface Schedule extends ScheduleSettings {
  /** UUIDv7. */
  id: string;
  workspaceId: WorkspaceId;
  functionId: string;
  /** Counts up with every change of its settings. */
  change: number;
  createdMs: number;
  updatedMs: number;
  /** From here its rate is counted: when it was made, or what it is was last changed, or resumed. */
  anchorMs: number;
  /** The next tick; null when there is none, or it is paused. */
  nextMs: number | null;
  /** The last tick that was dealt with; null before the first. */
  lastMs: number | null;
  /** Under overlap `queue`: the tick that waits for the invocation before it; null when none does. */
  waitingMs: number | null;
}

export const SCHEDULE_LIMITS = {
  /** Schedules of one function; each is planned in memory. */
  perFunctionMax: 100,
  /** Schedules of one workspace. */
  perWorkspaceMax: 5_000,
  expressionMaxChars: 256,
  /** The event, in bytes; a schedule holds a small one, and an event of a call may be larger. */
  eventMaxBytes: 64 * 1024,
  jitterMs: { min: 0, max: 600_000, default: 0 },
  catchUpMax: { min: 1, max: 500, default: 100 },
  catchUpWindowMs: { min: 60_000, max: 14 * 86_400_000, default: 86_400_000 },
  /** Runs kept of each schedule; older ones go. */
  runsKept: 50,
  /** Ticks that one backfill may make. */
  backfillMax: 500,
} as const;
