import type { Settled } from '../contract/sandbox.ts';
import type { InvocationRecord } from '../domain/invocation.ts';
import type { InvocationState } from '../domain/names.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { Pool } from '../pool/types.ts';
import type { Records } from '../records/records.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { Answer } from './outcome/answer.ts';
import { type Ending, HANDED_BACK_ENDING, refusedEnding } from './outcome/ending.ts';
import { addAttempt, newRecord } from './outcome/record.ts';
import { refusalOf } from './outcome/refusal.ts';
import type { SandboxSource } from './outcome/sandbox-source.ts';
import { utcNow } from './outcome/utc-now.ts';
import type { InvokeRequest, InvokeResult, KeptAttempt } from './types.ts';

export interface InvocationDeps {
  pool: Pool;
  records: Records;
  /** Takes it off the list of those in flight, once its record is complete. */
  onFinished(invocation: Invocation): void;
}

/** Who made an invocation and hears of its end: a caller who waits for the answer, or the keeper of its row. */
type Maker = ((result: InvokeResult) => void) | KeptAttempt;

/**
 * One invocation in flight. It owns the record and decides what an attempt's end means. For a waiting caller it means
 * the answer and the end. For a kept row it means whatever the keeper says. The record is completed after that has been
 * told, so no reply waits for output, meters or records.
 */
export class Invocation implements AttemptOwner {
  readonly request: InvokeRequest;
  readonly record: InvocationRecord;
  readonly #deps: InvocationDeps;
  readonly #maker: Maker;
  readonly #attempt: Attempt;
  #ending: Ending | null = null;
  /** The state of the invocation after the attempt. */
  #state: InvocationState = 'finished';
  /** True when the server stops. A kept attempt that it cancels has not ended: it is done again elsewhere. */
  #isLeaving = false;
  /** True when somebody asked for its end. That holds whatever the server does. */
  #isCancelled = false;
  #isRecorded = false;
  #recordWaiters: ((record: InvocationRecord) => void)[] | null = null;

  constructor(request: InvokeRequest, deps: InvocationDeps, maker: Maker) {
    this.request = request;
    this.#deps = deps;
    this.#maker = maker;
    if (typeof maker === 'function') {
      this.record = newRecord(request, utcNow());
      this.#attempt = new Attempt(this, deps.pool, 1, this.record.startedAt);
    } else {
      this.record = newRecord(request, maker.acceptedAt);
      this.#attempt = new Attempt(this, deps.pool, maker.number, utcNow());
    }
  }

  start(): void {
    this.#deps.records.began(this.record);
    this.#attempt.start(typeof this.#maker === 'function' ? null : this.#maker.lease);
  }

  /** False when its attempt had already ended. */
  cancel(): boolean {
    this.#isCancelled = this.#attempt.cancel();
    return this.#isCancelled;
  }

  /** The server stops. An answer still wins; else a caller's invocation is cancelled, and a kept one is handed back. */
  leave(): void {
    this.#isLeaving = true;
    this.#attempt.cancel();
  }

  /** The record, complete with usage and logs. */
  whenRecorded(): Promise<InvocationRecord> {
    if (this.#isRecorded) return Promise.resolve(this.record);
    return new Promise((resolve) => {
      this.#recordWaiters ??= [];
      this.#recordWaiters.push(resolve);
    });
  }

  attemptEnded(attempt: Attempt, ending: Ending, from: SandboxSource | null): void {
    const maker = this.#maker;
    this.#ending = ending;
    if (typeof maker === 'function') {
      maker(new Answer(this, ending, from, attempt.totalMs));
      return;
    }
    const isCutShort = this.#isLeaving && !this.#isCancelled && ending.outcome === 'cancelled';
    if (from !== null && !isCutShort) {
      this.#state = maker.ended(new Answer(this, ending, from, attempt.totalMs));
      return;
    }
    this.#state = 'queued';
    if (isCutShort) this.#ending = HANDED_BACK_ENDING;
    maker.handedBack(new ColdframeError(this.#ending.code ?? 'internal'));
  }

  attemptSettled(attempt: Attempt, from: SandboxSource | null, settled: Settled | null): void {
    const { request, record } = this;
    const { records } = this.#deps;
    const ending = this.#ending;
    if (!ending) return;
    this.#isRecorded = true;
    const state = this.#state;
    if (state === 'queued' && from === null) {
      record.state = state;
      records.withdrawn(record);
    } else {
      const recorded = refusedEnding(ending, request.replyRefusal ?? null);
      addAttempt(record, { request, attempt, ending: recorded, from, settled, state });
      const { outcome } = ending;
      if (outcome === 'throttled' || outcome === 'rejected') records.refused(refusalOf(request, outcome));
      else {
        const capture = request.trigger === 'try' ? 'all' : request.target.functionSettings.capture;
        records.ended(record, { event: request.event, result: ending.body, capture });
      }
    }
    this.#deps.onFinished(this);
    for (const waiter of this.#recordWaiters ?? []) waiter(record);
  }
}
