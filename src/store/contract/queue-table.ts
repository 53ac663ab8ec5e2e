import type { DeadReason } from '../../domain/dead-reason.ts';
import type { InvocationState, Isolation, Outcome, Trigger } from '../../domain/names.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';

/** One target, one queue: a function and the name it is called by. */
export interface QueueRef {
  workspaceId: WorkspaceId;
  functionId: string;
  /** `<functionId>:<qualifier>`. */
  queueKey: string;
}

/** An asynchronous invocation as it is accepted. Times are milliseconds since 1970 on the queue's clock. */
export interface NewInvocation extends QueueRef {
  /** UUIDv7; the id for every attempt. */
  id: string;
  /** As it was when it was accepted, for lists. */
  functionName: string;
  trigger: Trigger;
  /** The event's JSON text. */
  event: Uint8Array;
  acceptedMs: number;
  /** Not run before this time. */
  dueMs: number;
  /** Not run from this time on. */
  expiresMs: number;
  minIsolation: Isolation | null;
  traceId: string | null;
  /** The invocation whose end made this one; null when somebody called. */
  parentId: string | null;
  /** The first of a chain; null when it is this one. */
  rootId: string | null;
  /** Links of the chain before this one. */
  depth: number;
  scheduleId: string | null;
}

/** What a row keeps of an ended attempt, whatever becomes of telemetry. */
export interface EndedAttempt {
  number: number;
  startedAt: string;
  /** Milliseconds; null when the server that ran it was lost. */
  durationMs: number | null;
  revisionId: string | null;
  outcome: Outcome;
  code: string | null;
  error: { errorType: string; errorMessage: string; stackTrace: string[] } | null;
}

/** Attempts that a row keeps in short: the newest ones. Telemetry has all. */
export const ATTEMPTS_KEPT = 20;

/** One row as people see it: everything but the event. */
export interface LiveInvocation extends QueueRef {
  id: string;
  functionName: string;
  trigger: Trigger;
  state: InvocationState;
  acceptedMs: number;
  /** When it is run next; null while it runs and when it has ended. */
  dueMs: number | null;
  expiresMs: number;
  /** Runs begun. */
  attempt: number;
  /** Failures that count against the function's maxAttempts. */
  failures: number;
  /** Servers lost while they ran it. */
  losses: number;
  /** When its newest run began; null before the first. */
  beganMs: number | null;
  endedMs: number | null;
  outcome: Outcome | null;
  reason: DeadReason | null;
  attempts: EndedAttempt[];
  eventBytes: number;
  isCancelAsked: boolean;
  parentId: string | null;
  scheduleId: string | null;
}

/** A row that was taken to be run. Its attempt is committed, so it may be sent. */
export interface ClaimedInvocation extends LiveInvocation {
  fence: number;
  event: Uint8Array;
  minIsolation: Isolation | null;
  traceId: string | null;
  rootId: string | null;
  depth: number;
}

export interface Claim extends QueueRef {
  /** Slots held for it: at most this many rows are taken. */
  limit: number;
}

/** How a run ended. It counts only while the row still is of this owner and fence. */
export interface Settlement {
  workspaceId: WorkspaceId;
  id: string;
  fence: number;
  /**
   * `queued`: handed back, which counts for nothing. `retrying`: failed, with another run at `dueMs`. A row whose cancel was
   * asked for ends as cancelled instead of either.
   */
  state: 'finished' | 'retrying' | 'dead' | 'queued';
  outcome: Outcome | null;
  /** Set when it is dead. */
  reason: DeadReason | null;
  /** Set for `queued` and `retrying`. */
  dueMs: number | null;
  isFailure: boolean;
  /** All attempts the row is to keep, the newest last, at most ATTEMPTS_KEPT. */
  attempts: EndedAttempt[];
  /** Follow-ups, stored together with this end or not at all. */
  children: NewInvocation[];
}

export interface QueueRound {
  /** The server that runs the rows. Nothing is claimed for one that is dead. */
  owner: string;
  nowMs: number;
  settlements: Settlement[];
  claims: Claim[];
}

export interface RoundResult {
  /** Ids whose end counted; the others were taken over meanwhile. */
  settled: string[];
  claimed: ClaimedInvocation[];
  /** When each claimed queue has a row to run next; null when nothing waits in it. */
  nextDueMs: { queueKey: string; dueMs: number | null }[];
}

/** One queue that has rows waiting. */
export interface WaitingQueue extends QueueRef {
  /** When its first row is due. */
  dueMs: number;
  /** When that row was accepted. */
  acceptedMs: number;
}

export interface QueueCount extends QueueRef {
  /** Rows that wait or run, and the bytes of their events. */
  rows: number;
  bytes: number;
  /** Dead letters. */
  dead: number;
}

/** A row that ended on a server that was lost, or by its age. */
export interface EndedRow extends QueueRef {
  id: string;
  eventBytes: number;
  state: InvocationState;
}

/** The life of another server, as whoever takes over its rows must know it. */
export interface ServerLife {
  id: string;
  instance: string;
  epoch: number;
  state: 'live' | 'dead';
  leaseUntilMs: number;
}

/** A server's lease. Whoever is not heard of for this long is dead, and others run its rows again. */
export const LEASE_MS = 15_000;
/** Rows that one step of upkeep changes. More would hold up accepts. */
export const QUEUE_STEP_ROWS = 500;
/** Servers a row may lose before it is given up: it may be what ends them. */
export const LOSSES_MAX = 5;

/**
 * The durable queue, for the servers that run it. Its correctness rests on conditional updates: an end counts only for the
 * owner and fence that ran it, and a row changes hands only once.
 */
export interface QueueTable {
  /** Stores all or nothing. */
  accept(invocations: NewInvocation[]): Promise<void>;
  /** Settlements with their children first, then claims, in one transaction. */
  round(round: QueueRound): Promise<RoundResult>;
  /**
   * Takes at most QUEUE_STEP_ROWS rows from a dead server: each is queued again, or dead with reason `lost` when it lost
   * LOSSES_MAX servers. Takes nothing from a live one. Empty when nothing is left.
   */
  takeOver(owner: string, nowMs: number): Promise<EndedRow[]>;
  /** Ends at most QUEUE_STEP_ROWS waiting rows that are too old: dead, reason `expired`. */
  expire(nowMs: number): Promise<EndedRow[]>;
  /** Queues with rows waiting, at the cost of queues, not of rows. */
  waiting(): Promise<WaitingQueue[]>;
  /** Counts all rows. For the start, and now and then. */
  counts(): Promise<QueueCount[]>;
  /** Servers that own rows. */
  owners(): Promise<string[]>;
  /** Rows of the owner whose cancel was asked for; at most QUEUE_STEP_ROWS. */
  cancelAsked(owner: string): Promise<{ workspaceId: WorkspaceId; id: string }[]>;
  /** Ended rows that telemetry may not have yet, the oldest first, ended at `beforeMs` at the latest; at most `limit`. */
  ended(beforeMs: number, limit: number): Promise<LiveInvocation[]>;
  /** Telemetry has them: finished rows go, dead ones stay as dead letters. */
  told(rows: { workspaceId: WorkspaceId; id: string }[]): Promise<void>;
  /** Removes at most QUEUE_STEP_ROWS dead letters that ended before; says how many. */
  pruneDead(beforeMs: number): Promise<number>;
}

export interface InvocationFilter {
  functionId?: string;
  state?: InvocationState;
  reason?: DeadReason;
  /** Accepted at or after, and before. */
  fromMs?: number;
  toMs?: number;
}

export type CancelAnswer =
  /** It waited, and has ended. */
  | { kind: 'ended'; row: EndedRow }
  /** It runs, and its server is told. */
  | { kind: 'asked'; owner: string }
  | { kind: 'tooLate' }
  | { kind: 'unknown' };

/** The queue's rows of one workspace, as people look at them and change them. */
export interface QueuedTable {
  get(id: string): Promise<LiveInvocation | null>;
  /** At most 500. */
  byIds(ids: string[]): Promise<LiveInvocation[]>;
  /**
   * Newest first. It looks at a bounded number of rows, so an answer may be short or even empty and still have a cursor to
   * go on.
   */
  list(
    filter: InvocationFilter,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: LiveInvocation[]; nextCursor: string | null }>;
  cancel(id: string, nowMs: number): Promise<CancelAnswer>;
  /** Cancels at most QUEUE_STEP_ROWS that wait in one queue. Empty when nothing is left. */
  cancelWaiting(queueKey: string, nowMs: number): Promise<EndedRow[]>;
  /** Dead letters that match, counted up to `limit`. */
  countDead(filter: Omit<InvocationFilter, 'state'>, limit: number): Promise<number>;
  /** Queues dead letters again, from their first attempt; says which were dead. At most QUEUE_STEP_ROWS. */
  redrive(ids: { id: string; expiresMs: number }[], nowMs: number): Promise<EndedRow[]>;
  /** Tells the change feed, topic `queue`. False when it was as asked already. */
  setPaused(functionId: string, pausedMs: number | null): Promise<boolean>;
}

export interface PausedQueue {
  workspaceId: WorkspaceId;
  functionId: string;
  pausedMs: number;
}
