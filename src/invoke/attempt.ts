import type { SandboxReply, Settled } from '../contract/sandbox.ts';
import { UNKNOWN_USAGE } from '../domain/invocation.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { AcquireFailure, AcquireResult, Lease, Pool } from '../pool/types.ts';
import { belowMinimum } from './admit.ts';
import { CANCELLED_ENDING, type Ending, endingOfFailure, endingOfLoad, endingOfReply } from './outcome/ending.ts';
import type { SandboxSource } from './outcome/sandbox-source.ts';
import type { InvokeRequest } from './types.ts';

/** Sandboxes that are tried when one dies before a byte of the request was written to it. More would hide a defect. */
const DISPATCHES_MAX = 3;

/** The invocation, as its attempt knows it. */
export interface AttemptOwner {
  readonly request: InvokeRequest;
  /** How the attempt ended, told once. `from` is null when nothing ran. */
  attemptEnded(attempt: Attempt, ending: Ending, from: SandboxSource | null): void;
  /** Its output is drained and its meters are read. Told once, after its end. */
  attemptSettled(attempt: Attempt, from: SandboxSource | null, settled: Settled | null): void;
}

/**
 * One run of an invocation: one lease and one ending. It ends exactly once (`#isEnded` guards every way out) and settles
 * exactly once, after that. Races ruled out here: a cancel and a result arriving together (the first to end it wins), a caller
 * or a cancel leaving the queue while a lease is on its way (the lease goes straight back), and a sandbox that dies before a
 * byte was written: nothing ran, so the attempt takes another lease, a bounded number of times.
 */
export class Attempt {
  /** Counts from 1. */
  readonly number: number;
  /** RFC 3339. */
  readonly startedAt: string;
  queueMs = 0;
  /** Milliseconds from the request to the ending. */
  totalMs = 0;
  /** True when the caller had left before the ending. */
  hasCallerLeft = false;
  readonly #owner: AttemptOwner;
  readonly #pool: Pool;
  /** True when its slot came with it. It then never waits in the pool's line, which is for waiting callers. */
  #isGivenSlot = false;
  #lease: Lease | null = null;
  #isEnded = false;
  #isSettled = false;
  /**
   * The sandbox died before a byte was written. The attempt waits only until that has settled, then takes another
   * lease.
   */
  #isBetween = false;
  #dispatches = 0;

  constructor(owner: AttemptOwner, pool: Pool, number: number, startedAt: string) {
    this.#owner = owner;
    this.#pool = pool;
    this.number = number;
    this.startedAt = startedAt;
  }

  /** Runs in `lease`, or in a lease that it asks the pool for. */
  start(lease: Lease | null): void {
    if (lease === null) {
      this.#acquire();
      return;
    }
    this.#isGivenSlot = true;
    if (lease.sandbox.alive) this.#dispatch(lease);
    else this.#refuse(lease, new ColdframeError('sandbox_crashed'));
  }

  /**
   * Ends it. A waiting attempt ends at once (a lease that still comes goes straight back); a running one gets a cancel
   * with its 1 s grace. False when it had already ended.
   */
  cancel(): boolean {
    if (this.#isEnded) return false;
    if (this.#lease && !this.#isBetween) return this.#lease.sandbox.cancel(this.#owner.request.id);
    this.#end(CANCELLED_ENDING, null);
    this.#settle(null, null);
    return true;
  }

  #acquire(): void {
    const { request } = this.#owner;
    const { target, trigger } = request;
    if (hasLeft(request)) {
      this.#endWithoutDispatch({ kind: 'gone' });
      return;
    }
    const isExclusive = trigger === 'try';
    const warm = isExclusive ? null : this.#pool.acquireWarm(target);
    if (warm) {
      this.#dispatch(warm);
      return;
    }
    const { clientGone, receivedAtMs } = request;
    const queueDeadlineMs = receivedAtMs + target.functionSettings.queueTimeoutMs;
    this.#pool.acquire(target, { queueDeadlineMs, signal: clientGone, exclusive: isExclusive }, this.#onAcquired);
  }

  readonly #onAcquired = (result: AcquireResult): void => {
    if (this.#isEnded) {
      if (result.kind === 'lease') result.lease.release();
    } else if (result.kind === 'lease') this.#dispatch(result.lease);
    else this.#endWithoutDispatch(result);
  };

  #dispatch(lease: Lease): void {
    const { request } = this.#owner;
    const refusal =
      request.minIsolation === null ? null : belowMinimum(lease.sandbox.receipt.isolation, request.minIsolation);
    if (refusal) {
      this.#refuse(lease, refusal);
      return;
    }
    this.#lease = lease;
    this.queueMs += lease.queueMs;
    this.#dispatches++;
    lease.sandbox.invoke(
      {
        requestId: request.id,
        functionArn: request.target.functionArn,
        timeoutMs: request.target.settings.timeoutMs,
        traceId: request.traceId,
        event: request.event,
        stream: request.stream,
      },
      this.#onReply,
      this.#onSettled,
    );
  }

  readonly #onReply = (reply: SandboxReply): void => {
    const isUntouched = reply.kind === 'died' && !reply.dispatched;
    if (isUntouched && !this.#isGivenSlot && this.#dispatches < DISPATCHES_MAX) {
      this.#isBetween = true;
      return;
    }
    this.#lease?.replied();
    this.#end(endingOfReply(reply, this.#owner.request), isUntouched && this.#isGivenSlot ? null : this.#lease);
  };

  readonly #onSettled = (settled: Settled): void => {
    const lease = this.#lease;
    lease?.release();
    if (this.#isEnded) {
      this.#settle(lease, settled);
      return;
    }
    this.#lease = null;
    this.#isBetween = false;
    this.#acquire();
  };

  #refuse(lease: Lease, error: ColdframeError): void {
    lease.release();
    this.#endWithoutDispatch({ kind: 'platform', error, queueMs: lease.queueMs });
  }

  #endWithoutDispatch(failure: AcquireFailure): void {
    if (failure.kind === 'loadFailed') {
      const { result } = failure;
      const importMs = result.kind === 'loadError' ? result.importMs : null;
      const source: SandboxSource = { ...failure, loadMs: null, importMs, loadLogs: null };
      this.queueMs += failure.queueMs;
      this.#end(endingOfLoad(result, this.#owner.request), source);
      this.#settle(source, { usage: UNKNOWN_USAGE, logs: result.logs, pausedMs: null });
      return;
    }
    if (failure.kind !== 'gone') this.queueMs += failure.queueMs;
    this.#end(endingOfFailure(failure), null);
    this.#settle(null, null);
  }

  #end(ending: Ending, from: SandboxSource | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { request } = this.#owner;
    this.hasCallerLeft = hasLeft(request);
    this.totalMs = performance.now() - request.receivedAtMs;
    this.#owner.attemptEnded(this, ending, from);
  }

  #settle(from: SandboxSource | null, settled: Settled | null): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#owner.attemptSettled(this, from, settled);
  }
}

/** Whether the caller went away. Asks for the abort signal only when there is no cheaper way to know. */
function hasLeft(request: InvokeRequest): boolean {
  return request.isGone ?? request.clientGone?.aborted ?? false;
}
