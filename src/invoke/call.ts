import type { SandboxReply, Settled } from '../contract/sandbox.ts';
import { type InvocationRecord, UNKNOWN_USAGE } from '../domain/invocation.ts';
import type { AcquireFailure, AcquireResult, Lease, Pool } from '../pool/types.ts';
import type { Records } from '../records/records.ts';
import { belowMinimum } from './admit.ts';
import { Answer } from './outcome/answer.ts';
import {
  CANCELLED_ENDING,
  type Ending,
  endingOfFailure,
  endingOfLoad,
  endingOfReply,
  refusedEnding,
} from './outcome/ending.ts';
import { completeRecord, newRecord } from './outcome/record.ts';
import type { SandboxSource } from './outcome/sandbox-source.ts';
import type { InvokeRequest, InvokeResult } from './types.ts';

/** Sandboxes tried when one dies before a byte of the request was written to it; more would hide a defect. */
const DISPATCH_ATTEMPTS_MAX = 3;

export interface CallDeps {
  pool: Pool;
  records: Records;
  /** Takes the call off the list of those in flight, once its record is complete. */
  onFinished(call: Call): void;
}

/**
 * One call on its way: waiting for a sandbox, running in one, settled. It answers exactly once (`#ending` guards every way
 * out) and completes its record exactly once, after the answer has left: the reply never waits for output, meters or
 * records. Races ruled out here: a cancel and a result arriving together (the first to answer wins), a caller or a cancel
 * leaving the queue while a lease is on its way (the lease goes straight back), and a sandbox that dies before a byte was
 * written (the call goes to another one, a bounded number of times).
 */
export class Call {
  readonly request: InvokeRequest;
  readonly record: InvocationRecord;
  readonly #deps: CallDeps;
  readonly #onResult: (result: InvokeResult) => void;
  #lease: Lease | null = null;
  #ending: Ending | null = null;
  #isCompleted = false;
  /** The sandbox died before a byte was written: the call waits only for that to settle, then goes to another one. */
  #isBetween = false;
  #hasCallerLeft = false;
  #dispatches = 0;
  #queueMs = 0;
  #totalMs = 0;
  #recordWaiters: ((record: InvocationRecord) => void)[] | null = null;

  constructor(request: InvokeRequest, deps: CallDeps, onResult: (result: InvokeResult) => void) {
    this.request = request;
    this.record = newRecord(request);
    this.#deps = deps;
    this.#onResult = onResult;
  }

  start(): void {
    this.#deps.records.began(this.record);
    this.#acquire();
  }

  /**
   * Ends the call: a waiting one at once (a lease that still comes goes straight back), a running one by a cancel to the
   * handler with its 1 s grace. False when it had ended.
   */
  cancel(): boolean {
    if (this.#ending) return false;
    if (this.#lease && !this.#isBetween) return this.#lease.sandbox.cancel(this.request.id);
    this.#answer(CANCELLED_ENDING, null);
    this.#complete(null, null);
    return true;
  }

  /** The record, complete with usage and logs. */
  whenRecorded(): Promise<InvocationRecord> {
    if (this.#isCompleted) return Promise.resolve(this.record);
    return new Promise((resolve) => {
      this.#recordWaiters ??= [];
      this.#recordWaiters.push(resolve);
    });
  }

  #acquire(): void {
    const { target, trigger } = this.request;
    if (hasLeft(this.request)) {
      this.#endWithoutDispatch({ kind: 'gone' });
      return;
    }
    const isExclusive = trigger === 'try';
    const warm = isExclusive ? null : this.#deps.pool.acquireWarm(target);
    if (warm) {
      this.#dispatch(warm);
      return;
    }
    const { clientGone, receivedAtMs } = this.request;
    const queueDeadlineMs = receivedAtMs + target.functionSettings.queueTimeoutMs;
    this.#deps.pool.acquire(target, { queueDeadlineMs, signal: clientGone, exclusive: isExclusive }, this.#onAcquired);
  }

  readonly #onAcquired = (result: AcquireResult): void => {
    if (this.#ending) {
      if (result.kind === 'lease') result.lease.release();
    } else if (result.kind === 'lease') this.#dispatch(result.lease);
    else this.#endWithoutDispatch(result);
  };

  #dispatch(lease: Lease): void {
    const { request } = this;
    const refusal =
      request.minIsolation === null ? null : belowMinimum(lease.sandbox.receipt.isolation, request.minIsolation);
    if (refusal) {
      lease.release();
      this.#endWithoutDispatch({ kind: 'platform', error: refusal, queueMs: lease.queueMs });
      return;
    }
    this.#lease = lease;
    this.#queueMs += lease.queueMs;
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
    const mayGoElsewhere = reply.kind === 'died' && !reply.dispatched && this.#dispatches < DISPATCH_ATTEMPTS_MAX;
    if (mayGoElsewhere) this.#isBetween = true;
    else {
      this.#lease?.replied();
      this.#answer(endingOfReply(reply, this.request), this.#lease);
    }
  };

  readonly #onSettled = (settled: Settled): void => {
    const lease = this.#lease;
    lease?.release();
    if (this.#ending) {
      this.#complete(lease, settled);
      return;
    }
    this.#lease = null;
    this.#isBetween = false;
    this.#acquire();
  };

  #endWithoutDispatch(failure: AcquireFailure): void {
    if (failure.kind === 'loadFailed') {
      const { result } = failure;
      const importMs = result.kind === 'loadError' ? result.importMs : null;
      const source: SandboxSource = { ...failure, loadMs: null, importMs, loadLogs: null };
      this.#queueMs += failure.queueMs;
      this.#answer(endingOfLoad(result, this.request), source);
      this.#complete(source, { usage: UNKNOWN_USAGE, logs: result.logs });
      return;
    }
    if (failure.kind !== 'gone') this.#queueMs += failure.queueMs;
    this.#answer(endingOfFailure(failure), null);
    this.#complete(null, null);
  }

  #answer(ending: Ending, from: SandboxSource | null): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#hasCallerLeft = hasLeft(this.request);
    this.#totalMs = performance.now() - this.request.receivedAtMs;
    this.#onResult(new Answer(this, ending, from, this.#totalMs));
  }

  #complete(from: SandboxSource | null, settled: Settled | null): void {
    const { request, record } = this;
    const ending = this.#ending;
    if (this.#isCompleted || !ending) return;
    this.#isCompleted = true;
    completeRecord(record, {
      request,
      ending: refusedEnding(ending, request.replyRefusal ?? null),
      from,
      settled,
      queueMs: this.#queueMs,
      totalMs: this.#totalMs,
      clientGone: this.#hasCallerLeft,
    });
    if (ending.outcome === 'throttled' || ending.outcome === 'rejected') {
      const { workspaceId, functionId, revision } = request.target;
      this.#deps.records.refused({
        id: request.id,
        workspaceId,
        functionId,
        isolation: revision.isolation,
        outcome: ending.outcome,
      });
    } else {
      const capture = request.trigger === 'try' ? 'all' : request.target.functionSettings.capture;
      this.#deps.records.finished(record, { event: request.event, result: ending.body, capture });
    }
    this.#deps.onFinished(this);
    for (const waiter of this.#recordWaiters ?? []) waiter(record);
  }
}

/** Whether the caller went away; asks for the abort signal only where there is no cheaper way to know. */
function hasLeft(request: InvokeRequest): boolean {
  return request.isGone ?? request.clientGone?.aborted ?? false;
}
