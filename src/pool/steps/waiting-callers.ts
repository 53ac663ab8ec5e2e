import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { DriverSource } from '../../isolations/isolation-registry.ts';
import type { ClassPool } from '../state/class-pool.ts';
import type { ClassPools } from '../state/class-pools.ts';
import type { FunctionPools } from '../state/function-pools.ts';
import type { RevisionPool } from '../state/revision-pool.ts';
import { classOfRevision } from '../state/sandbox-class.ts';
import type { StuckCounts } from '../state/stuck-counts.ts';
import type { Waiter } from '../state/wait-queue.ts';
import type { AcquireOptions, AcquireResult } from '../types.ts';
import type { PlanLoop } from './plan-loop.ts';
import type { RetiredRevisions } from './retired-revisions.ts';

/** Creates or claims that may fail by our fault before a caller is told. */
const PLATFORM_ATTEMPTS_MAX = 2;
/** How long calls wait for an isolation that is being prepared. */
const PREPARING_WAIT_MS = 60_000;
/** A caller who accepts no queueing (queueTimeoutMs 0) still gets this long for the start of its own sandbox. */
const STARTING_WAIT_MS = 10_000;
/** minWarm of a function that gets no new sandbox is looked at again after this long; the end of that is told, too. */
const STOPPED_LOOK_MS = 30_000;

export interface WaitingCallersDeps {
  functions: FunctionPools;
  classes: ClassPools;
  retired: RetiredRevisions;
  stuck: StuckCounts;
  drivers: DriverSource;
  loop: PlanLoop;
  /** Claims one ready sandbox for the revision; false when none is ready. */
  claimReady(classPool: ClassPool, revision: RevisionPool): boolean;
}

/**
 * The callers who wait. A caller is answered only by being taken out of its queue, which happens once. So a slot, a failure,
 * its deadline and its own leaving may race, and exactly one of them answers.
 */
export class WaitingCallers {
  readonly #deps: WaitingCallersDeps;
  #isClosed = false;

  constructor(deps: WaitingCallersDeps) {
    this.#deps = deps;
  }

  enqueue(revision: RevisionPool, options: AcquireOptions, onResult: (result: AcquireResult) => void): void {
    const nowMs = performance.now();
    const { queueDeadlineMs: deadlineMs, signal } = options;
    const start = { enqueuedAtMs: nowMs, deadlineMs, isPreparing: false, failures: 0 };
    const waiter: Waiter = { ...start, onResult, stopListening: null };
    if (signal) {
      const leave = () => this.answer(revision, waiter, { kind: 'gone' });
      signal.addEventListener('abort', leave);
      waiter.stopListening = () => signal.removeEventListener('abort', leave);
    }
    revision.queue.add(waiter);
    this.serve(revision);
    if (waiter.deadlineMs > nowMs || !revision.queue.has(waiter)) return;
    const mayStart = revision.queue.size <= revision.owner.maxConcurrency - revision.owner.inFlight;
    if (mayStart) waiter.deadlineMs = nowMs + STARTING_WAIT_MS;
    else this.expired(revision, waiter);
  }

  /** Gives free slots to those who wait, then claims ready sandboxes for them, then asks for creates for the rest. */
  serve(revision: RevisionPool): void {
    if (this.#isClosed) return;
    revision.owner.serve();
    if (revision.want() <= 0) return;
    if (this.#deps.stuck.isStopped(revision.target.functionId)) {
      this.#refuseStarts(revision);
      return;
    }
    const classPool = this.classPoolOf(revision);
    if (classPool === null) return;
    while (revision.want() > 0 && this.#deps.claimReady(classPool, revision));
    if (revision.want() <= 0) return;
    classPool.waiting.add(revision);
    this.#deps.loop.request();
  }

  /** A start ended, well or badly. The callers it was for may have run out of time, and others may start their own. */
  settle(revision: RevisionPool): void {
    revision.queue.expireDue();
    this.serve(revision);
    this.#deps.retired.letGo(revision);
  }

  /**
   * Counts a failure of ours against the caller at the head, who is told after the second one. A caller who came after the
   * try began is not charged: creates that hung while a daemon was away all fail together when it is back, and that caller
   * lost nothing by them. Returns false when nobody waits.
   */
  charge(revision: RevisionPool, error: Error, beganAtMs: number): boolean {
    const { head } = revision.queue;
    if (head === null) return this.#chargeBackground(revision, error);
    if (head.enqueuedAtMs > beganAtMs) return true;
    head.failures++;
    if (head.failures >= PLATFORM_ATTEMPTS_MAX) {
      this.answer(revision, head, { kind: 'platform', error, queueMs: performance.now() - head.enqueuedAtMs });
    }
    return true;
  }

  #chargeBackground(revision: RevisionPool, error: Error): boolean {
    const ask = revision.background.take();
    ask?.onResult({ kind: 'platform', error, queueMs: performance.now() - ask.askedAtMs });
    return ask !== null;
  }

  /** Asks for a slot in the background; the returned function withdraws the ask. */
  ask(revision: RevisionPool, slotsMax: number, onResult: (result: AcquireResult) => void): () => void {
    const ask = { askedAtMs: performance.now(), onResult };
    revision.owner.backgroundMax = slotsMax;
    revision.background.add(ask);
    this.serve(revision);
    return () => {
      if (revision.background.withdraw(ask)) this.#deps.retired.letGo(revision);
    };
  }

  answer(revision: RevisionPool, waiter: Waiter, result: AcquireResult): void {
    if (!revision.queue.remove(waiter)) return;
    this.#deps.retired.letGo(revision);
    waiter.onResult(result);
  }

  /** Also what was asked in the background: whoever asked holds its work back for a while. */
  refuseAll(revision: RevisionPool, result: (queueMs: number) => AcquireResult): void {
    this.answerAll(revision, result);
    revision.background.answerAll(result);
  }

  answerAll(revision: RevisionPool, result: (queueMs: number) => AcquireResult): void {
    const nowMs = performance.now();
    for (const waiter of [...revision.queue]) this.answer(revision, waiter, result(nowMs - waiter.enqueuedAtMs));
  }

  expired(revision: RevisionPool, waiter: Waiter): void {
    const queueMs = performance.now() - waiter.enqueuedAtMs;
    const { target } = revision;
    const { state } = this.#deps.drivers.forRevision(target.revision.isolation, target.settings.runtime);
    if (waiter.isPreparing && state === 'preparing') {
      this.answer(revision, waiter, { kind: 'platform', error: new ColdframeError('isolation_preparing'), queueMs });
      return;
    }
    const { sandboxClass } = revision;
    const lastError = sandboxClass === null ? null : this.#deps.classes.of(sandboxClass).lastError;
    if (lastError !== null && revision.bound.size === 0) {
      this.answer(revision, waiter, { kind: 'platform', error: lastError, queueMs });
    } else this.answer(revision, waiter, { kind: 'throttled', reason: 'queue_timeout', queueMs });
  }

  /** The class its sandboxes are made from. Null when its isolation cannot be used now; its callers then wait longer or are told. */
  classPoolOf(revision: RevisionPool): ClassPool | null {
    const { target } = revision;
    const { drivers, classes } = this.#deps;
    const answer = drivers.forRevision(target.revision.isolation, target.settings.runtime);
    if (answer.state === 'usable') {
      if (revision.sandboxClass?.driver !== answer.driver) {
        classes.forget(revision);
        revision.sandboxClass = classOfRevision(target, answer.driver);
      }
      return classes.of(revision.sandboxClass);
    }
    if (answer.state === 'preparing') {
      for (const waiter of revision.queue) waitForPreparing(waiter);
      const error = new ColdframeError('isolation_preparing');
      revision.background.answerAll((queueMs) => ({ kind: 'platform', error, queueMs }));
      return null;
    }
    revision.prefills = 0;
    if (revision.bound.size + revision.loading > 0) return null;
    const publicMessage = `${target.revision.isolation} cannot be used now: ${answer.detail}`;
    const error = new ColdframeError('isolation_unavailable', { publicMessage });
    this.refuseAll(revision, (queueMs) => ({ kind: 'platform', error, queueMs }));
    return null;
  }

  /** No new sandbox for it now. Its callers wait for one that is there, or are told. */
  #refuseStarts(revision: RevisionPool): void {
    revision.prefills = 0;
    revision.retryAtMs = performance.now() + STOPPED_LOOK_MS;
    this.#deps.classes.forget(revision);
    if (revision.bound.size + revision.loading > 0) return;
    const error = new ColdframeError('sandboxes_stuck');
    this.refuseAll(revision, (queueMs) => ({ kind: 'platform', error, queueMs }));
  }

  /** Answers everybody who waits, and lets nobody wait from now on. */
  close(error: Error): void {
    this.#isClosed = true;
    for (const revision of [...this.#deps.functions.revisions()]) {
      this.refuseAll(revision, (queueMs) => ({ kind: 'platform', error, queueMs }));
    }
  }
}

function waitForPreparing(waiter: Waiter): void {
  if (waiter.isPreparing) return;
  waiter.isPreparing = true;
  waiter.deadlineMs = waiter.enqueuedAtMs + PREPARING_WAIT_MS;
}
