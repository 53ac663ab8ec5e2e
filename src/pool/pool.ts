import type { HostContext } from '../contract/host-context.ts';
import { LIMITS } from '../domain/limits.ts';
import type { LiveFunction } from '../domain/live-function.ts';
import type { Log } from '../domain/log.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { DriverSource } from '../isolations/isolation-registry.ts';
import { type PlanSettings, plan } from './plan/plan.ts';
import { planState, revisionPlanKey } from './plan/plan-state.ts';
import { poolSnapshot } from './pool-snapshot.ts';
import { ClassPools } from './state/class-pools.ts';
import { FunctionPools } from './state/function-pools.ts';
import type { PoolLease } from './state/lease.ts';
import type { PooledSandbox } from './state/pooled-sandbox.ts';
import type { RevisionHost, RevisionOwner, RevisionPool } from './state/revision-pool.ts';
import { StuckCounts } from './state/stuck-counts.ts';
import type { Waiter } from './state/wait-queue.ts';
import { OwnedSandboxes, type OwnedSandboxesHost } from './steps/owned-sandboxes.ts';
import { PlanLoop } from './steps/plan-loop.ts';
import { Reaper } from './steps/reaper.ts';
import { RetiredRevisions } from './steps/retired-revisions.ts';
import { SandboxStarts } from './steps/sandbox-starts.ts';
import { WaitingCallers } from './steps/waiting-callers.ts';
import type { AcquireOptions, AcquireResult, BackgroundPool, Pool, PoolSnapshot } from './types.ts';

export interface PoolOptions {
  drivers: DriverSource;
  host: Pick<HostContext, 'instance' | 'epoch'>;
  log: Log;
  cores: number;
  /** What all idle sandboxes together may hold (default of the house: a quarter of available memory). */
  idleBudgetMib: number;
  /** What all memory limits together may reach (default of the house: 90% of the host's memory). */
  limitTotalMib: number;
  /** Ready sandboxes of the default class per runtime of the preferred isolation. Default 2. */
  readyBaseline?: number;
}

const READY_BASELINE = 2;
/** Creates for waiting callers at once, per core. It is above 1 because a create waits for a daemon as long as it computes. */
const DEMAND_CREATES_PER_CORE = 2;

/**
 * Decides which caller gets which sandbox. It trades memory, held by ready and bound sandboxes, against the time of a start.
 * `plan.ts` is pure and says what should exist; this class makes it exist and hands out what is there.
 *
 * A sandbox is ready (generic), then loading (claimed by one revision), then bound (serves that revision; frozen when idle),
 * then gone (on its way to removal). It never goes back, so it serves one revision in its life. A caller is served at once,
 * or waits in the queue of its revision until one thing happens: a slot is free, a load fails, we fail, its time is over, it
 * leaves, or the pool stops.
 *
 * Races ruled out. A create belongs to a class, not to a caller. Whom a sandbox is for is decided when it is there, so it is
 * not wasted when its caller was served meanwhile, and a failed create leaves nobody behind. A caller is answered only by
 * being taken out of its queue, which happens once. A sandbox leaves only through `OwnedSandboxes.discard`, once. A retired
 * revision keeps its callers and their sandboxes until the last lease is back (I3, I9). After `stop` nothing is made or queued.
 */
export class SandboxPool implements Pool, BackgroundPool, RevisionHost, OwnedSandboxesHost {
  readonly #settings: PlanSettings;
  readonly #drivers: DriverSource;
  readonly #stopping = new AbortController();
  readonly #functions: FunctionPools;
  readonly #sandboxes: OwnedSandboxes;
  readonly #classes: ClassPools;
  readonly #stuck = new StuckCounts();
  readonly #log: Log;
  readonly #retired: RetiredRevisions;
  readonly #loop: PlanLoop;
  readonly #callers: WaitingCallers;
  readonly #starts: SandboxStarts;
  readonly #reaper: Reaper;
  /** Memory limits of sandboxes that others make beside the pool. */
  #reservedMib = 0;
  /** A caller waits for a create that did not fit. Any slot that frees may change that. */
  #isCallerBlocked = false;
  #stopListening: (() => void) | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: PoolOptions) {
    const { drivers, host, log, cores, idleBudgetMib, limitTotalMib } = options;
    const refillMax = Math.max(1, Math.floor(cores / 2));
    const demandMax = Math.max(2, Math.floor(cores * DEMAND_CREATES_PER_CORE));
    const { signal } = this.#stopping;
    this.#settings = { idleBudgetMib, limitTotalMib, refillMax, demandMax };
    this.#drivers = drivers;
    this.#log = log;
    this.#functions = new FunctionPools(this);
    this.#classes = new ClassPools(drivers, options.readyBaseline ?? READY_BASELINE);
    this.#sandboxes = new OwnedSandboxes(this.#classes, log, this);
    this.#retired = new RetiredRevisions(this.#functions, this.#sandboxes, this.#classes);
    this.#loop = new PlanLoop(() => this.#plan());
    this.#callers = new WaitingCallers({
      functions: this.#functions,
      classes: this.#classes,
      retired: this.#retired,
      stuck: this.#stuck,
      drivers,
      loop: this.#loop,
      claimReady: (classPool, revision) => this.#starts.claimReady(classPool, revision),
    });
    const labels = { instance: host.instance, epoch: host.epoch };
    const parts = { classes: this.#classes, sandboxes: this.#sandboxes, callers: this.#callers, loop: this.#loop };
    this.#starts = new SandboxStarts({ ...parts, drivers, log, labels, signal });
    this.#reaper = new Reaper(drivers.all(), log, signal);
  }

  /** Begins to reap and to stock; waits for neither. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#stopping.signal.aborted) throw new ColdframeError('draining');
    this.#stopListening ??= this.#drivers.onChange(() => this.#driversChanged());
    this.#driversChanged();
    this.#loop.start();
  }

  acquireWarm(target: RunnableRevision): PoolLease | null {
    const revision = this.#functions.find(target);
    return revision === null ? null : revision.acquireWarm();
  }

  acquire(target: RunnableRevision, options: AcquireOptions, onResult: (result: AcquireResult) => void): void {
    const found = this.#answerOrQueue(target, options);
    if ('kind' in found) onResult(found);
    else this.#callers.enqueue(found, options, onResult);
  }

  acquireBackground(target: RunnableRevision, slotsMax: number, onResult: (result: AcquireResult) => void): () => void {
    if (this.#stopping.signal.aborted) {
      onResult({ kind: 'platform', error: new ColdframeError('draining'), queueMs: 0 });
      return () => undefined;
    }
    const revision = this.#functions.revisionOf(target);
    if (!revision.isRetired) return this.#callers.ask(revision, slotsMax, onResult);
    this.#retired.letGo(revision);
    onResult({ kind: 'gone' });
    return () => undefined;
  }

  setLive(functionId: string, live: LiveFunction | null): void {
    if (this.#stopping.signal.aborted) return;
    const owner =
      live === null ? this.#functions.functionById(functionId) : this.#functions.open(functionId, live.maxConcurrency);
    if (owner === null) return;
    owner.announce(live);
    for (const { target, minWarm } of owner.live) if (minWarm > 0) this.#functions.revisionOf(target);
    for (const revision of [...owner.revisions.values()]) {
      if (live === null) this.#callers.answerAll(revision, () => ({ kind: 'gone' }));
      else if (live.maxConcurrency === 0) this.#callers.answerAll(revision, throttled('max_concurrency_zero'));
      if (revision.isRetired) {
        revision.background.answerAll(() => ({ kind: 'gone' }));
        this.#retired.letGo(revision);
      } else this.#callers.classPoolOf(revision);
      // maxConcurrency may have risen.
      if (revision.queue.size + revision.background.size > 0) this.#callers.serve(revision);
    }
    this.#classes.stockFor(owner);
    this.#functions.forgetIfDone(functionId);
    this.#loop.request();
  }

  /**
   * Holds memory for sandboxes made beside the pool (comparisons), within the bound on all memory limits. Returns the function
   * that gives it back (repeats do nothing), or null when it does not fit beside what is there now: nothing is evicted for it.
   */
  reserve(mib: number): (() => void) | null {
    let heldMib = this.#heldElsewhereMib() + mib;
    for (const entry of this.#sandboxes.all) heldMib += entry.sandboxClass.limitMib;
    if (heldMib > this.#settings.limitTotalMib) return null;
    this.#reservedMib += mib;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#reservedMib -= mib;
      this.#loop.request();
    };
  }

  snapshot(): PoolSnapshot {
    const { idleBudgetMib } = this.#settings;
    return poolSnapshot({
      idleBudgetMib,
      classes: this.#classes.all,
      functions: this.#functions.all(),
      sandboxes: this.#sandboxes,
    });
  }

  /** No new sandbox or caller from now on; resolves when every sandbox has had its removal. Safe to repeat. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  // --- for revisions and owned sandboxes

  wake(entry: PooledSandbox): boolean {
    return this.#sandboxes.freezer.thaw(entry);
  }

  lost(entry: PooledSandbox): void {
    this.#sandboxes.discard(entry, 'sandbox_lost');
  }

  expired(revision: RevisionPool, waiter: Waiter): void {
    this.#callers.expired(revision, waiter);
  }

  released(revision: RevisionPool, entry: PooledSandbox, start: PoolLease['start']): void {
    if (entry.isGone && entry.leases === 0) this.#sandboxes.destroy(entry, 'spent');
    this.#serveAll(revision.owner);
    if (revision.isRetired) this.#retired.letGo(revision);
    if (start !== 'warm') this.#loop.releaseRefill();
    else if (this.#isCallerBlocked) this.#loop.request();
  }

  left(): void {
    this.#loop.request();
  }

  stuck({ sandbox, boundTo }: PooledSandbox): void {
    if (boundTo === null) return;
    const { functionId, functionName } = boundTo.target;
    this.#stuck.add(functionId);
    if (!this.#stuck.isStopped(functionId)) return;
    const fields = { functionId, functionName, sandboxId: sandbox.id, stuck: this.#stuck.of(functionId) };
    this.#log.error(fields, 'a function gets no new sandbox until those that cannot be removed are gone');
    this.#serveFunction(functionId);
  }

  removed(entry: PooledSandbox): void {
    if (entry.isStuck && entry.boundTo !== null) {
      const { functionId } = entry.boundTo.target;
      const wasStopped = this.#stuck.isStopped(functionId);
      this.#stuck.remove(functionId);
      if (wasStopped && !this.#stopping.signal.aborted) this.#serveFunction(functionId);
    }
    this.#loop.request();
  }

  // --- steps

  /** The answer, when there is one without waiting; otherwise the revision whose queue to wait in. */
  #answerOrQueue(target: RunnableRevision, options: AcquireOptions): AcquireResult | RevisionPool {
    if (this.#stopping.signal.aborted) return { kind: 'platform', error: new ColdframeError('draining'), queueMs: 0 };
    if (options.signal?.aborted) return { kind: 'gone' };
    const revision = options.exclusive ? this.#functions.exclusiveRevision(target) : this.#functions.revisionOf(target);
    if (revision === null) return throttled('queue_full')(0);
    const { owner } = revision;
    const lease = owner.isDeleted ? null : revision.acquireWarm();
    if (lease !== null) return { kind: 'lease', lease };
    const refusal = this.#refusal(owner);
    if (refusal === null) return revision;
    this.#retired.letGo(revision);
    return refusal;
  }

  /** Why nobody may wait for this function now; null when they may. */
  #refusal(owner: RevisionOwner): AcquireResult | null {
    if (owner.isDeleted) return { kind: 'gone' };
    if (owner.maxConcurrency === 0) return throttled('max_concurrency_zero')(0);
    return owner.queued >= LIMITS.queueDepthMax ? throttled('queue_full')(0) : null;
  }

  /** Those of `try` included, which are apart. */
  #serveFunction(functionId: string): void {
    for (const revision of [...this.#functions.revisions()]) {
      if (revision.target.functionId !== functionId) continue;
      revision.retryAtMs = 0;
      this.#callers.serve(revision);
    }
  }

  /** Memory limits of sandboxes that are not the pool's: reserved ones, and what others could not remove. */
  #heldElsewhereMib(): number {
    let heldMib = this.#reservedMib;
    for (const driver of this.#drivers.all()) {
      for (const one of driver.stuck()) if (this.#sandboxes.byId(one.sandboxId) === null) heldMib += one.limitMib;
    }
    return heldMib;
  }

  #serveAll(owner: RevisionOwner): void {
    if (owner.queued > 0) {
      for (const revision of [...owner.revisions.values()]) if (revision.queue.size > 0) this.#callers.serve(revision);
    }
    // Zero until work that may wait asks for a slot of this function.
    if (owner.queued > 0 || owner.backgroundMax === 0) return;
    for (const revision of owner.revisions.values()) if (revision.background.size > 0) this.#callers.serve(revision);
  }

  #plan(): void {
    const nowMs = performance.now();
    this.#classes.sweep(this.#functions.all(), nowMs);
    const classes = this.#classes.all;
    const { refillHeldUntilMs } = this.#loop;
    const sources = { classes, functions: this.#functions.all(), sandboxes: this.#sandboxes, drivers: this.#drivers };
    const state = planState({ ...sources, refillHeldUntilMs, reservedMib: this.#heldElsewhereMib() }, nowMs);
    for (const action of plan(state, this.#settings, nowMs)) {
      if (action.do === 'create') this.#starts.create(this.#classes.byKey(action.classKey)!);
      else if (action.do === 'evict') this.#evict(action.sandboxId, action.reason);
      else this.#prefill(action.revisionKey);
    }
    this.#isCallerBlocked = false;
    for (const classPool of classes) if (classPool.wanted() > classPool.creating) this.#isCallerBlocked = true;
  }

  #evict(sandboxId: string, reason: 'evicted' | 'idle_expired'): void {
    const entry = this.#sandboxes.byId(sandboxId);
    if (entry !== null && !entry.isBusy) this.#sandboxes.discard(entry, reason);
  }

  #prefill(revisionKey: string): void {
    for (const revision of this.#functions.revisions()) {
      if (revision.isExclusive || revisionPlanKey(revision.target) !== revisionKey) continue;
      revision.prefills++;
      this.#callers.serve(revision);
      return;
    }
  }

  #driversChanged(): void {
    this.#classes.stockDefaults();
    for (const owner of this.#functions.all()) this.#classes.stockFor(owner);
    for (const revision of [...this.#functions.revisions()]) {
      this.#callers.classPoolOf(revision);
      this.#callers.serve(revision);
    }
    this.#reaper.again();
    this.#loop.request();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    this.#loop.stop();
    this.#stopListening?.();
    this.#callers.close(new ColdframeError('draining'));
    await Promise.all([this.#starts.settled(), this.#reaper.settled()]);
    await this.#sandboxes.destroyAll();
  }
}

function throttled(
  reason: Extract<AcquireResult, { kind: 'throttled' }>['reason'],
): (queueMs: number) => AcquireResult {
  return (queueMs) => ({ kind: 'throttled', reason, queueMs });
}
