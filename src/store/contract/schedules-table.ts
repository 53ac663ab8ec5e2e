import type { Overlap, Schedule } from '../../domain/schedule.ts';
import type { NewInvocation } from './queue-table.ts';

/** What became of a tick. `overlapped`: the invocation before had not ended; `waiting`: it runs when that has ended. */
export const RUN_OUTCOMES = ['invoked', 'overlapped', 'waiting', 'queue_full'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** What made a run: the clock, somebody who asked for it now, or the backfill of a range. */
export const RUN_CAUSES = ['tick', 'manual', 'backfill'] as const;
export type RunCause = (typeof RUN_CAUSES)[number];

/** One line of a schedule's history. Times are milliseconds since 1970. */
export interface ScheduleRun {
  /** UUIDv7. */
  id: string;
  scheduleId: string;
  cause: RunCause;
  /** The time that it was for; for a manual one, when it was asked for. */
  tickMs: number;
  /** When it was dealt with. */
  atMs: number;
  outcome: RunOutcome;
  /** Null when nothing was invoked. */
  invocationId: string | null;
  /** Ticks before it that were missed and not run. */
  missed: number;
}

/** A tick to run, and the invocation that it becomes; null when the queue has no room for it. */
export interface TickRun {
  runId: string;
  tickMs: number;
  invocation: NewInvocation | null;
}

export interface Tick {
  scheduleId: string;
  /** The next tick that this server knows of. When the store has another, nothing is done. */
  expectedMs: number;
  nextMs: number | null;
  lastMs: number | null;
  overlap: Exclude<Overlap, 'cancel'>;
  /** The oldest first. */
  runs: TickRun[];
  missed: number;
  nowMs: number;
}

/** Schedules of one workspace and their history. */
export interface SchedulesTable {
  get(id: string): Promise<Schedule | null>;
  /** Tells the change feed. `function_not_found`, `schedule_exists`, `quota_exceeded` beyond the function's or workspace's number. */
  insert(schedule: Schedule): Promise<void>;
  /**
   * Writes settings and the next tick over the change before; what was dealt with stays. Tells the change feed.
   * `schedule_not_found`, `schedule_changed`, `schedule_exists`.
   */
  update(schedule: Schedule): Promise<void>;
  /** Its history goes too, its invocations stay. Tells the change feed. False when it was not there. */
  remove(id: string): Promise<boolean>;
  /**
   * Moves a schedule on and puts its ticks into the queue, in one transaction: a tick becomes an invocation once, whatever
   * crashes and however many servers look. Returns what was queued; null when another server was first or it has changed.
   */
  tick(tick: Tick): Promise<NewInvocation[] | null>;
  /** Queues the tick that waits, once nothing of the schedule is live. False when it must wait on, or waits no more. */
  release(id: string, waitingMs: number, invocation: NewInvocation): Promise<boolean>;
  /** Queues runs that no tick asked for. `schedule_not_found`. */
  invoke(id: string, cause: Exclude<RunCause, 'tick'>, runs: TickRun[], nowMs: number): Promise<NewInvocation[]>;
  /** Ids of its invocations that have not ended; at most 500. */
  live(id: string): Promise<string[]>;
  /** The newest first. */
  runs(id: string, limit: number): Promise<ScheduleRun[]>;
}
