import type { ReplyStream } from '../contract/sandbox.ts';
import type { FunctionError, InvocationRecord, Receipt } from '../domain/invocation.ts';
import type { LeaveSignal } from '../domain/leave-signal.ts';
import type { InvocationState, Isolation, Mode, Outcome, Start, StartReason, Trigger } from '../domain/names.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import type { ColdframeError, ErrorCode } from '../errors/coldframe-error.ts';
import type { Lease } from '../pool/types.ts';

export interface InvokeRequest {
  /** UUID; also the Lambda request id. */
  id: string;
  target: RunnableRevision;
  mode: Mode;
  trigger: Trigger;
  event: Uint8Array;
  traceId: string | null;
  minIsolation: Isolation | null;
  stream: ReplyStream | null;
  /**
   * Aborts when the caller goes away. Before dispatch this takes it off the queue; after dispatch it only marks
   * `clientGone`.
   */
  clientGone: LeaveSignal | null;
  /** Whether the caller has left by now, when that costs less than the signal. When absent, the signal says it. */
  readonly isGone?: boolean;
  /**
   * Why the caller's listener could not pass a good result on, as a sentence for the function's author: set while the result is
   * answered, read when the record is completed afterwards. Absent or null when it was passed on.
   */
  readonly replyRefusal?: string | null;
  /** Monotonic milliseconds (performance.now()) when the request's head was read. */
  receivedAtMs: number;
}

/** How an attempt ended, as the HTTP areas answer it. */
export interface InvokeResult {
  id: string;
  outcome: Outcome;
  /** Catalogue code when not ok. */
  code: ErrorCode | null;
  /** The handler's JSON bytes when ok and not streamed. */
  body: Uint8Array | null;
  streamed: boolean;
  error: FunctionError | null;
  start: Start | null;
  startReason: StartReason | null;
  isolation: Isolation | null;
  receipt: Receipt | null;
  /** Handler time in ms when known, else the whole. */
  durationMs: number;
  /** Seconds for Retry-After when it was refused. Null otherwise. */
  retryAfterSeconds: number | null;
  /** A better text than the catalogue's. Null when there is none. */
  publicMessage: string | null;
  /** Resolves when the record is complete (usage, logs); `try` and the CLI wait for it, the plain invoke does not. */
  readonly record: Promise<InvocationRecord>;
}

/**
 * The way of a caller who waits: an invocation of one attempt. Calls back exactly once. Throws nothing: a refusal is a
 * result with a code.
 */
export interface Invoker {
  invoke(request: InvokeRequest, onResult: (result: InvokeResult) => void): void;
  /** True when a running or queued call of that id was told to stop. */
  cancel(workspaceId: string, id: string): boolean;
  readonly inFlight: number;
  /** Takes no new work, waits for what is in flight up to `deadlineMs`, then cancels it or hands it back. */
  drain(deadlineMs: number): Promise<void>;
}

/**
 * One attempt of an invocation whose row somebody keeps, with its retries and its destinations: the durable queue. Exactly one
 * of `ended` and `handedBack` is called, once.
 */
export interface KeptAttempt {
  /**
   * Counts from 1 and never repeats within one invocation: a stored attempt is identified by the id and this number.
   */
  number: number;
  /** When the invocation was accepted; RFC 3339. */
  acceptedAt: string;
  /** The slot held for it, which invoke gives back. A kept attempt never waits in the pool's line. */
  lease: Lease;
  /**
   * How it ended, told as soon as it is known. Returns what the invocation now is: `finished`, `dead` or `retrying`.
   */
  ended(result: InvokeResult): InvocationState;
  /**
   * The attempt counts for nothing, and the row waits as before. It was refused, its sandbox died before it was sent,
   * or the server stops (`draining`; only then may it have run in part, and it is recorded as cut short).
   */
  handedBack(reason: ColdframeError): void;
}

/** The way of what waits in a queue: one attempt at a time, and its maker decides what follows. Throws nothing. */
export interface KeptAttempts {
  begin(request: InvokeRequest, kept: KeptAttempt): void;
}
