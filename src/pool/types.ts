import type { LoadResult, Sandbox } from '../contract/sandbox.ts';
import type { LeaveSignal } from '../domain/leave-signal.ts';
import type { LiveFunction } from '../domain/live-function.ts';
import type { Isolation, RuntimeId, Start, StartReason } from '../domain/names.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';

/** A sandbox lent for one call. `release` exactly once, after the call has settled. */
export interface Lease {
  sandbox: Sandbox;
  start: Start;
  reason: StartReason | null;
  /** Milliseconds of each part before the handler; null where it did not happen. */
  queueMs: number;
  claimMs: number | null;
  loadMs: number | null;
  importMs: number | null;
  /** What the module printed while loading; goes to the first attempt's logs. */
  loadLogs: LoadResult['logs'] | null;
  /**
   * The reply has been given and the slot is about to be free (output is drained, meters are read): a caller who comes now
   * waits for it, well under a millisecond, instead of starting a sandbox of its own. Optional before `release`; repeats do nothing.
   */
  replied(): void;
  release(): void;
}

/** Why no lease could be had. */
export type AcquireFailure =
  | { kind: 'throttled'; reason: 'queue_full' | 'queue_timeout' | 'max_concurrency_zero'; queueMs: number }
  | { kind: 'gone' }
  | {
      kind: 'loadFailed';
      result: Exclude<LoadResult, { kind: 'loaded' }>;
      start: Start;
      reason: StartReason | null;
      queueMs: number;
      claimMs: number | null;
      sandbox: Pick<Sandbox, 'id' | 'receipt'>;
    }
  | { kind: 'platform'; error: Error; queueMs: number };

export type AcquireResult = { kind: 'lease'; lease: Lease } | AcquireFailure;

export interface AcquireOptions {
  /** Monotonic deadline for waiting (queueTimeoutMs); loading has its own clock. */
  queueDeadlineMs: number;
  signal: LeaveSignal | null;
  /** `try`: its own sandbox, never bound to anything else, destroyed on release. */
  exclusive: boolean;
}

export interface Pool {
  start(signal: AbortSignal): Promise<void>;
  /** The warm path in one synchronous step; null means use `acquire`. */
  acquireWarm(target: RunnableRevision): Lease | null;
  /** Calls back exactly once, possibly before it returns. */
  acquire(target: RunnableRevision, options: AcquireOptions, onResult: (result: AcquireResult) => void): void;
  /**
   * What is live of a function from now on, whole; null when it was deleted. Revisions that are not in the set finish their
   * calls and keep nothing; minWarm of those in it is filled; another `maxConcurrency` counts at once.
   */
  setLive(functionId: string, live: LiveFunction | null): void;
  snapshot(): PoolSnapshot;
  stop(): Promise<void>;
}

/** The pool, for work that may wait. */
export interface BackgroundPool {
  /**
   * Asks for one slot without standing in the callers' line. It is given when no caller of the function waits and fewer than
   * `slotsMax` of the function's slots are held in the background; a sandbox is started for it after those for callers, within
   * three quarters of the memory that all may have. Calls back at most once, possibly before it returns: with a lease, or with
   * why there is none (`gone` when the revision is no longer live, then ask for the new one). The returned function withdraws
   * the ask; repeats do nothing.
   */
  acquireBackground(target: RunnableRevision, slotsMax: number, onResult: (result: AcquireResult) => void): () => void;
}

export interface PoolSnapshot {
  idleBudgetMib: number;
  idleMib: number;
  sandboxes: {
    id: string;
    isolation: Isolation;
    runtime: RuntimeId;
    memoryMib: number;
    state: string;
    functionName: string | null;
    inFlight: number;
    idleMs: number;
    ageMs: number;
  }[];
  byIsolation: Partial<Record<Isolation, { ready: number; bound: number; busy: number; creating: number }>>;
  queued: number;
}
