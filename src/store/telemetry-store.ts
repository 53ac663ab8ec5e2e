import type { Asker } from '../domain/asker.ts';
import type { OutcomeFilter } from '../domain/failure.ts';
import type { InvocationRecord } from '../domain/invocation.ts';
import type { LogLevel } from '../domain/log-level.ts';
import type { InvocationState, Isolation, Outcome, Start } from '../domain/names.ts';

/**
 * What the rest of the server asks of telemetry.db. Writes are batched; reads never run on the serving thread. Askers take
 * turns at reading, have a share of what may wait (`overloaded`), and a read whose asker has left is not begun and, where it
 * searches, ends: it rejects with `AskerLeft`. Without an asker the server itself asks.
 */
export interface TelemetryStore {
  /**
   * One transaction: at most 500 records, the attempts each brings with their logs, and the rollups derived from them. Each
   * attempt is stored and counted once by the invocation's id and its number, however often and in whatever order it comes;
   * the invocation tells what its newest attempt left it as.
   */
  append(batch: TelemetryBatch): Promise<void>;
  /** Newest first, without logs and captured bodies; the cursor is the id of the last item. */
  invocations(query: InvocationQuery, asker?: Asker): Promise<{ items: InvocationRecord[]; nextCursor: string | null }>;
  /** The whole record, logs and captured bodies included. */
  invocation(workspaceId: string, id: string, asker?: Asker): Promise<InvocationRecord | null>;
  /**
   * Newest line first. A search that finds little may answer with a short or even empty page, and a cursor to go on.
   */
  logs(query: LogQuery, asker?: Asker): Promise<{ items: StoredLogLine[]; nextCursor: string | null }>;
  /**
   * Read from rollups alone; empty steps are zeros. `from`, `to` and `stepMs` of the answer are what was read. They lie
   * on step boundaries, and a step is at least an hour where minutes are no longer kept (48 h). `invalid_request` above
   * 1,000 points.
   */
  metrics(query: MetricsQuery, asker?: Asker): Promise<Metrics>;
  /** One line for each function of the workspace that was ever called, from rollups; bounds and windows as `metrics`. */
  functionsActivity(query: FunctionsActivityQuery, asker?: Asker): Promise<FunctionsActivity>;
  /**
   * Failed attempts of one function grouped by error type and top frame, the most frequent first; at most 100 groups out of
   * the newest 10,000 failures in the range.
   */
  functionErrors(query: FunctionErrorsQuery, asker?: Asker): Promise<FunctionErrors>;
  /**
   * One bounded step of retention; returns rows removed, 0 when nothing is left to do. Records go by age, and by size from
   * the functions that hold more than their part: a function within it loses nothing to another's volume.
   */
  prune(now: string): Promise<number>;
  size(): Promise<{ databaseBytes: number; walBytes: number }>;
}

export interface TelemetryBatch {
  records: InvocationRecord[];
  /** Throttled and rejected calls are counters, not records. */
  refusals: RefusalCount[];
}

export interface RefusalCount {
  workspaceId: string;
  functionId: string;
  isolation: Isolation | null;
  outcome: 'throttled' | 'rejected';
  /** Start of the minute, RFC 3339. */
  minute: string;
  count: number;
}

export interface InvocationQuery {
  workspaceId: string;
  functionId?: string;
  /** The name at the time of the call. Deleted functions have one too. */
  functionName?: string;
  state?: InvocationState;
  /** `failed` is every outcome that counts as failed. */
  outcome?: OutcomeFilter;
  start?: Start;
  /** Unless true, invocations of drafts that were only tried are left out. */
  tried?: boolean;
  from?: string;
  to?: string;
  limit: number;
  cursor?: string;
}

export interface LogQuery {
  workspaceId: string;
  functionId: string;
  invocationId?: string;
  from?: string;
  to?: string;
  /** Case-insensitive part of the text. */
  contains?: string;
  /** At least this serious. */
  level?: LogLevel;
  limit: number;
  cursor?: string;
}

export interface StoredLogLine {
  id: string;
  at: string;
  functionId: string;
  functionName: string;
  invocationId: string;
  stream: 'stdout' | 'stderr' | 'platform';
  /** Made from stream and text. */
  level: LogLevel;
  text: string;
}

export interface MetricsQuery {
  workspaceId: string;
  functionId?: string;
  from: string;
  to: string;
  stepMs: number;
}

export interface MetricsPoint {
  at: string;
  invocations: number;
  /** Attempts that ended in error, timeout, oom or crashed. */
  errors: number;
  /** Share of the attempts that ran, 0 to 1. Null when none ran. */
  errorRate: number | null;
  throttles: number;
  cold: number;
  claimed: number;
  warm: number;
  /** Percentiles of the attempts' `phases.totalMs`, within 4.5%. */
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  /** Summed over the attempts whose CPU time was measured. Null when it was measured for none. */
  cpuMs: number | null;
  maxMemoryMib: number | null;
  /**
   * Average number of attempts in flight: their time, counted in the step where they began, over the time of the step.
   * Within 4.5%.
   */
  averageConcurrency: number;
}

export interface Metrics {
  from: string;
  to: string;
  stepMs: number;
  points: MetricsPoint[];
  totals: Omit<MetricsPoint, 'at'>;
  byIsolation: Partial<Record<Isolation, Omit<MetricsPoint, 'at'>>>;
  byStart: Partial<Record<Start, Omit<MetricsPoint, 'at'>>>;
}

export interface FunctionsActivityQuery {
  workspaceId: string;
  from: string;
  to: string;
  stepMs: number;
}

/** What one function did in a window. */
export interface FunctionActivity {
  functionId: string;
  invocations: number;
  errors: number;
  throttles: number;
  /** Share of the attempts that ran and failed, 0 to 1. Null when none ran. */
  errorRate: number | null;
  p95Ms: number | null;
  /**
   * The outcome of the newest stored invocation, whether it is in the window or not. Null when none is kept any more.
   */
  lastOutcome: Outcome | null;
  lastAt: string | null;
  /** Invocations by step. */
  sparkline: number[];
}

export interface FunctionsActivity {
  from: string;
  to: string;
  stepMs: number;
  items: FunctionActivity[];
}

export interface FunctionErrorsQuery {
  workspaceId: string;
  functionId: string;
  /** Unless true, failures of drafts that were only tried are left out. */
  tried?: boolean;
  from?: string;
  to?: string;
}

/** Failures that are the same to a person: one kind, thrown at one place. */
export interface ErrorGroup {
  errorType: string;
  /** The innermost frame in the author's own code, as the runtime prints it; null when there is none. */
  topFrame: string | null;
  outcome: Outcome;
  count: number;
  firstAt: string;
  lastAt: string;
  lastInvocationId: string;
  lastMessage: string;
}

export interface FunctionErrors {
  groups: ErrorGroup[];
  /** How many failures were looked at. */
  failures: number;
  /** False when the range holds more failures or groups than this answer looks at. */
  isComplete: boolean;
}
