import { LIMITS } from '../domain/limits.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { RunnableRevision } from '../invoke/types.ts';
import type { DriverLog, HostContext } from '../sandbox/contract/host-context.ts';
import { type ClaimHost, type ClaimStory, claim, type LoadFailure } from './claim.ts';
import { backoffMs, type ClassDesk } from './class-desk.ts';
import type { DriverSource } from './driver-registry.ts';
import { FunctionBook } from './function-book.ts';
import type { PoolLease } from './lease.ts';
import { Maker, type MakerHost } from './maker.ts';
import { type PlanSettings, plan } from './plan.ts';
import { PlanLoop } from './plan-loop.ts';
import { planState, revisionPlanKey } from './plan-state.ts';
import { poolSnapshot } from './pool-snapshot.ts';
import type { PooledSandbox } from './pooled-sandbox.ts';
import { Reaper } from './reaper.ts';
import type { RevisionHost, RevisionPool } from './revision-pool.ts';
import { Roster, type RosterHost } from './roster.ts';
import { Stock } from './stock.ts';
import type { AcquireOptions, AcquireResult, Pool, PoolSnapshot } from './types.ts';
import type { Waiter } from './wait-queue.ts';

export interface PoolOptions {
  drivers: DriverSource;
  host: Pick<HostContext, 'instance' | 'epoch'>;
  log: DriverLog;
  cores: number;
  /** What all idle sandboxes together may hold (default of the house: a quarter of available memory). */
  idleBudgetMib: number;
  /** What all memory limits together may reach (default of the house: 90% of the host's memory). */
  limitTotalMib: number;
  /** Ready sandboxes of the default class per runtime of the preferred isolation. Default 2. */
  readyBaseline?: number;
}

const READY_BASELINE = 2;
/** Creates or claims that may fail by our fault before a caller is told. */
const PLATFORM_ATTEMPTS_MAX = 2;
/** How long calls wait for an isolation that is being prepared. */
const PREPARING_WAIT_MS = 60_000;
/** A caller who accepts no queueing (queueTimeoutMs 0) still gets this long for the start of its own sandbox. */
const STARTING_WAIT_MS = 10_000;

/**
 * Who gets which sandbox. The trade: memory held by ready and bound sandboxes against the time of a start. What should exist
 * is plan.ts's to say (pure); this class makes it so and hands out what is there.
 *
 * Modes of a sandbox: on a shelf (generic, ready) -> loading (claimed by one revision) -> bound (serving it, idle ones frozen)
 * -> gone (on its way to removal). It never goes back: one sandbox, one revision. Modes of a caller: served at once, or in its
 * revision's queue until exactly one of: a slot, a failed load, a failure of ours, its deadline, its own leaving, a stop.
 *
 * Races ruled out. A create belongs to its class, not to a caller: who it is for is decided when it is there, so a caller
 * served meanwhile wastes nothing and a failed create strands nobody. A caller is answered only by being taken out of its
 * queue, and a sandbox leaves only through `Roster.discard`, once each. A replaced revision keeps its callers and their
 * sandboxes until the last one is back (I3, I9). After `stop` nothing is made and nothing is queued.
 */
export class SandboxPool implements Pool, RevisionHost, RosterHost, MakerHost, ClaimHost {
  readonly #options: PoolOptions;
  readonly #settings: PlanSettings;
  readonly #drivers: DriverSource;
  readonly #log: DriverLog;
  readonly #stopping = new AbortController();
  readonly #book = new FunctionBook(this);
  readonly #roster: Roster;
  readonly #maker: Maker;
  readonly #stock: Stock;
  readonly #loop = new PlanLoop(() => this.#plan());
  readonly #reaper: Reaper;
  /** Revisions whose callers may be waiting for nothing: looked at before the next plan. */
  readonly #unsettled = new Set<RevisionPool>();
  /** A caller waits for a create that did not fit: any slot that frees may change that. */
  #isCallerBlocked = false;
  #stopListening: (() => void) | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: PoolOptions) {
    const { drivers, host, log, cores, idleBudgetMib, limitTotalMib } = options;
    const refillMax = Math.max(1, Math.floor(cores / 2));
    this.#options = options;
    this.#settings = { idleBudgetMib, limitTotalMib, refillMax, demandMax: Math.max(2, cores * 2) };
    this.#drivers = drivers;
    this.#log = log;
    this.#roster = new Roster(log, this);
    this.#maker = new Maker({ instance: host.instance, epoch: host.epoch }, this);
    this.#stock = new Stock(drivers, options.readyBaseline ?? READY_BASELINE);
    this.#reaper = new Reaper(drivers.all(), log, this.#stopping.signal);
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#stopListening ??= this.#drivers.onChange(() => this.#driversChanged());
    this.#driversChanged();
    this.#loop.start();
  }

  acquireWarm(target: RunnableRevision): PoolLease | null {
    const revision = this.#book.find(target);
    return revision === null ? null : revision.acquireWarm();
  }

  acquire(target: RunnableRevision, options: AcquireOptions, onResult: (result: AcquireResult) => void): void {
    const nowMs = performance.now();
    if (this.signal.aborted) return onResult({ kind: 'platform', error: new ColdframeError('draining'), queueMs: 0 });
    if (options.signal?.aborted) return onResult({ kind: 'gone' });
    if (!options.exclusive && target.settings.maxConcurrency === 0) {
      return onResult({ kind: 'throttled', reason: 'max_concurrency_zero', queueMs: 0 });
    }
    const revision = options.exclusive ? this.#book.exclusiveRevision(target) : this.#book.revisionOf(target);
    if (revision === null) return onResult({ kind: 'throttled', reason: 'queue_full', queueMs: 0 });
    if (revision.owner.isDeleted) return onResult({ kind: 'gone' });
    const lease = revision.acquireWarm();
    if (lease !== null) return onResult({ kind: 'lease', lease });
    if (revision.owner.queued >= LIMITS.queueDepthMax) {
      return onResult({ kind: 'throttled', reason: 'queue_full', queueMs: 0 });
    }
    this.#enqueue(revision, options, nowMs, onResult);
  }

  revisionChanged(functionId: string, next: RunnableRevision | null): void {
    if (this.signal.aborted) return;
    const owner = next === null ? this.#book.functionById(functionId) : this.#book.open(functionId);
    if (owner === null) return;
    owner.current = next;
    owner.isDeleted = next === null;
    if (next !== null && next.settings.minWarm > 0) this.#book.revisionOf(next);
    for (const revision of [...owner.revisions.values()]) {
      revision.isRetired = next === null || revision.target.key !== next.key;
      if (next === null) this.#answerAll(revision, () => ({ kind: 'gone' }));
      if (revision.isRetired) this.#retire(revision);
      else this.#deskOf(revision);
    }
    this.#stock.stockFor(owner);
    this.#loop.request();
  }

  snapshot(): PoolSnapshot {
    const { idleBudgetMib } = this.#options;
    return poolSnapshot({ idleBudgetMib, desks: this.#stock.desks, functions: this.#book.all(), roster: this.#roster });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  // --- callers

  #enqueue(
    revision: RevisionPool,
    options: AcquireOptions,
    nowMs: number,
    onResult: (result: AcquireResult) => void,
  ): void {
    const { queueDeadlineMs: deadlineMs, signal } = options;
    const start = { enqueuedAtMs: nowMs, deadlineMs, isPreparing: false, failures: 0 };
    const waiter: Waiter = { ...start, onResult, stopListening: null };
    if (signal) {
      const leave = () => this.#answer(revision, waiter, { kind: 'gone' });
      signal.addEventListener('abort', leave);
      waiter.stopListening = () => signal.removeEventListener('abort', leave);
    }
    revision.queue.add(waiter);
    this.#pump(revision);
    if (waiter.deadlineMs > nowMs || !revision.queue.has(waiter)) return;
    const mayStart = revision.queue.size <= revision.maxConcurrency - revision.owner.inFlight;
    if (mayStart) waiter.deadlineMs = nowMs + STARTING_WAIT_MS;
    else this.expired(revision, waiter);
  }

  /** Serves whom it can, claims ready sandboxes for whom may have one, and asks for creates for the rest. */
  #pump(revision: RevisionPool): void {
    revision.owner.serve();
    if (revision.want() <= 0) return;
    const desk = this.#deskOf(revision);
    if (desk === null) return;
    while (revision.want() > 0) {
      const entry = this.#takeReady(desk);
      if (entry === null) break;
      this.#claim(entry, revision, 'claimed');
    }
    if (revision.want() <= 0) return;
    desk.hungry.add(revision);
    this.#loop.request();
  }

  /** The class it starts from; null when its isolation cannot be used now, then its callers wait longer or are told. */
  #deskOf(revision: RevisionPool): ClassDesk | null {
    const { target } = revision;
    const answer = this.#drivers.get(target.revision.isolation, target.settings.runtime);
    if (answer.state === 'usable') {
      revision.desk ??= this.#stock.deskOf(target, answer.driver);
      // A class that was swept away while this revision had nothing is opened anew.
      if (this.#stock.byKey(revision.desk.sandboxClass.key) !== revision.desk) {
        revision.desk = this.#stock.deskOf(target, answer.driver);
      }
      return revision.desk;
    }
    if (answer.state === 'preparing') {
      for (const waiter of revision.queue) {
        if (!waiter.isPreparing) waiter.deadlineMs = waiter.enqueuedAtMs + PREPARING_WAIT_MS;
        waiter.isPreparing = true;
      }
      return null;
    }
    revision.prefills = 0;
    if (revision.bound.size + revision.loading === 0) {
      const publicMessage = `${target.revision.isolation} cannot be used now: ${answer.detail}`;
      const error = new ColdframeError('isolation_unavailable', { publicMessage });
      this.#answerAll(revision, (queueMs) => ({ kind: 'platform', error, queueMs }));
    }
    return null;
  }

  #answer(revision: RevisionPool, waiter: Waiter, result: AcquireResult): void {
    if (!revision.queue.remove(waiter)) return;
    this.#book.dropIfDone(revision);
    waiter.onResult(result);
  }

  #answerAll(revision: RevisionPool, result: (queueMs: number) => AcquireResult): void {
    const nowMs = performance.now();
    for (const waiter of [...revision.queue]) this.#answer(revision, waiter, result(nowMs - waiter.enqueuedAtMs));
  }

  expired(revision: RevisionPool, waiter: Waiter): void {
    const queueMs = performance.now() - waiter.enqueuedAtMs;
    const { target, desk } = revision;
    const state = this.#drivers.get(target.revision.isolation, target.settings.runtime).state;
    if (waiter.isPreparing && state === 'preparing') {
      this.#answer(revision, waiter, { kind: 'platform', error: new ColdframeError('isolation_preparing'), queueMs });
    } else if (desk?.lastError && revision.bound.size === 0) {
      this.#answer(revision, waiter, { kind: 'platform', error: desk.lastError, queueMs });
    } else this.#answer(revision, waiter, { kind: 'throttled', reason: 'queue_timeout', queueMs });
  }

  // --- sandboxes coming

  #takeReady(desk: ClassDesk): PooledSandbox | null {
    for (let entry = desk.shelf.pop(); entry; entry = desk.shelf.pop()) {
      if (entry.sandbox.alive) return entry;
      this.#roster.discard(entry, 'sandbox_lost');
    }
    return null;
  }

  #claim(entry: PooledSandbox, revision: RevisionPool, start: 'cold' | 'claimed'): void {
    claim(entry, revision, start, this);
    if (!entry.desk.sandboxClass.isGeneric) return;
    entry.desk.demand.claimed(performance.now());
    this.#loop.holdRefill();
  }

  made(entry: PooledSandbox): void {
    const { desk } = entry;
    desk.succeeded();
    if (this.#roster.add(entry)) {
      const revision = this.signal.aborted ? null : desk.nextHungry();
      if (revision !== null) this.#claim(entry, revision, 'cold');
      else if (desk.sandboxClass.isGeneric) desk.shelf.push(entry);
      else this.#roster.discard(entry, 'spent');
    }
    this.#loop.request();
  }

  makingFailed(desk: ClassDesk, error: Error): void {
    if (this.signal.aborted) return;
    desk.failed(error, performance.now());
    const { isolation, runtime } = desk.sandboxClass;
    this.#log.warn({ isolation, runtime, failures: desk.failures, error }, 'a sandbox could not be made');
    const revision = desk.nextHungry();
    if (revision !== null) this.#charge(revision, error);
    this.#loop.request();
  }

  /** A failure of ours: the caller at the head may have one more try, then is told; minWarm tries again later. */
  #charge(revision: RevisionPool, error: Error): void {
    const nowMs = performance.now();
    const { head } = revision.queue;
    if (head === null) {
      revision.prefills = 0;
      revision.retryAtMs = nowMs + backoffMs(revision.desk?.failures ?? 1);
    } else if (++head.failures >= PLATFORM_ATTEMPTS_MAX) {
      this.#answer(revision, head, { kind: 'platform', error, queueMs: nowMs - head.enqueuedAtMs });
    }
    this.#settle(revision);
  }

  loaded(entry: PooledSandbox, revision: RevisionPool): void {
    this.#roster.freezer.watch(entry);
    if (revision.queue.size === 0) entry.story = null;
    this.#pump(revision);
    if (revision.isRetired && entry.leases === 0 && revision.queue.size === 0) this.#roster.discard(entry, 'retired');
    this.#settle(revision);
  }

  loadFailed(story: ClaimStory, result: LoadFailure): void {
    const { entry, revision, start, reason } = story;
    const { sandbox } = entry;
    this.#roster.discard(entry, 'sandbox_lost');
    revision.retryAtMs = performance.now() + backoffMs(revision.brokenLoads);
    const { head } = revision.queue;
    if (head !== null) {
      const beganAtMs = Math.max(story.beganAtMs, head.enqueuedAtMs);
      const queueMs = beganAtMs - head.enqueuedAtMs;
      const claimMs = Math.max(0, story.gotAtMs - beganAtMs);
      this.#answer(revision, head, { kind: 'loadFailed', result, start, reason, queueMs, claimMs, sandbox });
    }
    this.#loop.releaseRefill();
    this.#settle(revision);
  }

  claimBroke({ entry, revision }: ClaimStory, error: Error): void {
    this.#roster.discard(entry, 'sandbox_lost');
    if (this.signal.aborted) return;
    this.#log.warn({ sandboxId: entry.sandbox.id, error }, 'a claimed sandbox could not be used');
    this.#charge(revision, error);
  }

  // --- sandboxes in use and going

  wake(entry: PooledSandbox): boolean {
    return this.#roster.freezer.thaw(entry);
  }

  lost(entry: PooledSandbox): void {
    this.#roster.discard(entry, 'sandbox_lost');
  }

  released(entry: PooledSandbox, start: PoolLease['start']): void {
    const revision = entry.home!;
    if (entry.isGone && entry.leases === 0) this.#roster.destroy(entry, 'spent');
    if (revision.queue.size > 0 || revision.owner.revisions.size > 1) this.#serveOthers(revision);
    if (revision.isRetired && entry.leases === 0) this.#retire(revision);
    if (start !== 'warm') this.#loop.releaseRefill();
    else if (this.#isCallerBlocked) this.#loop.request();
  }

  left(entry: PooledSandbox): void {
    if (entry.home !== null) this.#unsettled.add(entry.home);
    this.#loop.request();
  }

  removed(entry: PooledSandbox): void {
    if (entry.home !== null) this.#book.dropIfDone(entry.home);
    this.#loop.request();
  }

  #serveOthers(revision: RevisionPool): void {
    if (this.signal.aborted) return;
    for (const other of [...revision.owner.revisions.values()]) if (other.queue.size > 0) this.#pump(other);
  }

  /** Idle sandboxes of a replaced revision go, unless its own callers still wait for one. */
  #retire(revision: RevisionPool): void {
    revision.prefills = 0;
    if (revision.queue.size === 0) {
      for (const entry of [...revision.bound]) if (entry.leases === 0) this.#roster.discard(entry, 'retired');
    }
    this.#book.dropIfDone(revision);
  }

  /** After a start ended either way: callers it covered may be due, and others may try their own. */
  #settle(revision: RevisionPool): void {
    revision.queue.expireDue();
    if (!this.signal.aborted) this.#pump(revision);
    this.#book.dropIfDone(revision);
  }

  // --- the plan

  #plan(): void {
    const nowMs = performance.now();
    for (const revision of [...this.#unsettled]) {
      this.#unsettled.delete(revision);
      this.#settle(revision);
    }
    this.#stock.sweep(nowMs);
    const { desks } = this.#stock;
    const { refillHeldUntilMs } = this.#loop;
    const sources = { desks, functions: this.#book.all(), roster: this.#roster, drivers: this.#drivers };
    const state = planState({ ...sources, refillHeldUntilMs }, nowMs);
    for (const action of plan(state, this.#settings, nowMs)) {
      if (action.do === 'create') this.#maker.create(this.#stock.byKey(action.classKey)!);
      else if (action.do === 'evict') this.#evict(action.sandboxId, action.reason);
      else this.#prefill(action.revisionKey);
    }
    this.#isCallerBlocked = false;
    for (const desk of desks) if (desk.wanted() > desk.creating) this.#isCallerBlocked = true;
  }

  #evict(sandboxId: string, reason: 'evicted' | 'idle_expired'): void {
    const entry = this.#roster.byId(sandboxId);
    if (entry !== null && !entry.isBusy) this.#roster.discard(entry, reason);
  }

  #prefill(revisionKey: string): void {
    for (const revision of this.#book.revisions()) {
      if (revision.isExclusive || revisionPlanKey(revision.owner.id, revision.target.key) !== revisionKey) continue;
      revision.prefills++;
      this.#pump(revision);
      return;
    }
  }

  #driversChanged(): void {
    this.#stock.stockDefaults();
    for (const owner of this.#book.all()) this.#stock.stockFor(owner);
    for (const revision of [...this.#book.revisions()]) {
      this.#deskOf(revision);
      this.#pump(revision);
    }
    this.#reaper.again();
    this.#loop.request();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    this.#loop.stop();
    this.#stopListening?.();
    for (const revision of [...this.#book.revisions()]) {
      const error = new ColdframeError('draining');
      this.#answerAll(revision, (queueMs) => ({ kind: 'platform', error, queueMs }));
    }
    await Promise.all([this.#maker.settled(), this.#reaper.settled()]);
    await this.#roster.destroyAll();
  }
}
