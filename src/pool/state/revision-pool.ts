import type { AttemptLogs, Crash } from '../../contract/sandbox.ts';
import type { Isolation, Start, StartReason } from '../../domain/names.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import { BackgroundAsks } from './background-asks.ts';
import { crashWords, joinedLogs } from './crash-words.ts';
import { type PoolLease, warmLease } from './lease.ts';
import type { BoundRevision, LeaveReason, PooledSandbox } from './pooled-sandbox.ts';
import type { SandboxClass } from './sandbox-class.ts';
import { type Waiter, WaitQueue } from './wait-queue.ts';

/** Code whose last load failed is loaded for this many callers at once: each gets its own try, at a bounded rate. */
const BROKEN_LOADS_MAX = 4;

/** What a revision's sandboxes tell the pool. */
export interface RevisionHost {
  /** Wakes a frozen sandbox; false when that failed and it must not be used. */
  wake(entry: PooledSandbox): boolean;
  /** It was found dead on hand-out. */
  lost(entry: PooledSandbox): void;
  /** A lease came back and the slot is free, or its sandbox is gone. */
  released(revision: RevisionPool, entry: PooledSandbox, start: Start): void;
  expired(revision: RevisionPool, waiter: Waiter): void;
}

/** What the revisions of one function share (FunctionPool is the only one). */
export interface RevisionOwner {
  readonly id: string;
  readonly revisions: ReadonlyMap<string, RevisionPool>;
  readonly isDeleted: boolean;
  /** Calls at once, of all revisions together. */
  readonly maxConcurrency: number;
  /** Leases out, of all revisions. */
  inFlight: number;
  /** Callers who wait, for any revision. */
  queued: number;
  /** Of the leases out, those held for work that may wait, and the most there may be of them. */
  inBackground: number;
  backgroundMax: number;
  /** Of the newest start; null before the first one. */
  lastIsolation: Isolation | null;
  /** Hands out free slots to those who wait. */
  serve(): void;
}

/**
 * The bound sandboxes of one revision and the callers who wait for one. A sandbox in here runs this revision alone, from its
 * claim to its end (I3). Free slots are a stack: the most recently used sandbox is handed out first, so the rest can freeze,
 * expire, and leave their memory to others. Nothing here waits or allocates beyond the lease: this is the hot path.
 */
export class RevisionPool implements BoundRevision {
  readonly target: RunnableRevision;
  readonly owner: RevisionOwner;
  readonly bound = new Set<PooledSandbox>();
  readonly queue: WaitQueue;
  readonly background = new BackgroundAsks();
  /** Serves one caller and ends: `try`. */
  readonly isExclusive: boolean;
  /** No name leads to it (any more): its calls finish, nothing of it is kept. Set by FunctionPool alone. */
  isRetired = true;
  /** Known once its isolation was usable. */
  sandboxClass: SandboxClass | null = null;
  /** Sandboxes claimed and not yet loaded. */
  loading = 0;
  /** Sandboxes asked for by minWarm, not yet claimed. */
  prefills = 0;
  settling = 0;
  hasStarted = false;
  /** Why its newest sandbox went away; null since the newest start. */
  lastLoss: StartReason | null = null;
  /** Loads that failed in a row by the user's code. */
  brokenLoads = 0;
  /** Calls one sandbox takes at once: as configured, until a loaded one says that it can take fewer. */
  slotsEach: number;
  /** minWarm is not filled before this time. */
  retryAtMs = 0;
  readonly #free: PooledSandbox[] = [];
  /** News of a crash for the first load that ends; null when every one has been told. */
  #crashWords: AttemptLogs | null = null;
  readonly #host: RevisionHost;

  constructor(target: RunnableRevision, owner: RevisionOwner, host: RevisionHost, isExclusive: boolean) {
    this.target = target;
    this.owner = owner;
    this.isExclusive = isExclusive;
    this.slotsEach = isExclusive ? 1 : target.settings.concurrencyPerSandbox;
    this.#host = host;
    this.queue = new WaitQueue({
      exempt: () => this.loading * this.slotsEach,
      expired: (waiter) => host.expired(this, waiter),
      resized: (by) => {
        owner.queued += by;
      },
    });
  }

  /** The warm path: one step, nothing awaited. Waiting callers come first. */
  acquireWarm(): PoolLease | null {
    if (this.queue.size > 0 || this.owner.inFlight >= this.owner.maxConcurrency) return null;
    const entry = this.freeEntry();
    if (entry === null) return null;
    this.lend(entry);
    return warmLease(entry, 0);
  }

  /** The most recently used sandbox with a free slot, alive and awake; the dead found on the way are dropped. */
  freeEntry(): PooledSandbox | null {
    const free = this.#free;
    while (free.length > 0) {
      const entry = free[free.length - 1]!;
      if (entry.sandbox.alive && (!entry.isPaused || this.#host.wake(entry))) return entry;
      this.remove(entry);
      this.#host.lost(entry);
    }
    return null;
  }

  /** `entry` is what `freeEntry` just returned. */
  lend(entry: PooledSandbox): void {
    entry.leases++;
    this.owner.inFlight++;
    if (entry.leases < entry.concurrency) return;
    this.#free.pop();
    entry.isListedFree = false;
  }

  release(entry: PooledSandbox, start: Start, isBackground: boolean): void {
    entry.leases--;
    this.owner.inFlight--;
    if (isBackground) this.owner.inBackground--;
    entry.idleSinceMs = performance.now();
    if (!entry.isGone) this.#listFree(entry);
    this.#host.released(this, entry, start);
  }

  /** A loaded sandbox joins, its slots free. */
  add(entry: PooledSandbox): void {
    entry.concurrency = Math.max(1, Math.min(this.slotsEach, entry.sandbox.concurrency));
    entry.isLoaded = true;
    this.slotsEach = entry.concurrency;
    this.bound.add(entry);
    this.#listFree(entry);
  }

  leave(entry: PooledSandbox, reason: LeaveReason): void {
    if (!entry.isLoaded) return;
    this.remove(entry);
    if (reason === 'evicted' || reason === 'idle_expired' || reason === 'sandbox_lost') this.lastLoss = reason;
  }

  /** A sandbox of its own ended after its last reply: the record of the next call that ends says so. */
  crashed(crash: Crash): void {
    const words = crashWords(crash);
    for (const entry of this.bound) {
      entry.loadLogs = joinedLogs(words, entry.loadLogs);
      return;
    }
    this.#crashWords = words;
  }

  /** What was printed at a load, behind the news of a crash that no record has told yet. */
  withCrash(logs: AttemptLogs): AttemptLogs {
    const words = this.#crashWords;
    this.#crashWords = null;
    return words === null ? logs : joinedLogs(words, logs);
  }

  remove(entry: PooledSandbox): void {
    this.bound.delete(entry);
    if (!entry.isListedFree) return;
    entry.isListedFree = false;
    const at = this.#free.lastIndexOf(entry);
    if (at >= 0) this.#free.splice(at, 1);
  }

  /** Sandboxes to start now: for callers, for minWarm, and for work that may wait. */
  want(): number {
    return Math.max(this.wantForCallers(), 0) + this.wantInBackground();
  }

  /** Sandboxes to start for what was asked in the background, once callers have theirs. */
  wantInBackground(): number {
    const { background, owner } = this;
    if (background.size === 0 || owner.queued > 0) return 0;
    const slots = Math.min(
      background.size,
      owner.maxConcurrency - owner.inFlight,
      owner.backgroundMax - owner.inBackground,
    );
    const sandboxes = Math.max(0, Math.ceil(slots / this.slotsEach));
    const bounded = this.brokenLoads > 0 ? Math.min(sandboxes, BROKEN_LOADS_MAX) : sandboxes;
    return Math.max(0, bounded - this.loading);
  }

  /** Sandboxes to start for callers who could be served if there were more, and for minWarm. */
  wantForCallers(): number {
    const callers = Math.min(this.queue.size - this.settling, this.owner.maxConcurrency - this.owner.inFlight);
    const forCallers = Math.max(0, Math.ceil(callers / this.slotsEach));
    const bounded = this.brokenLoads > 0 ? Math.min(forCallers, BROKEN_LOADS_MAX) : forCallers;
    return Math.max(bounded - this.loading, this.prefills);
  }

  /** Bound ones and those on their way. */
  get have(): number {
    return this.bound.size + this.loading + this.prefills;
  }

  get isEmpty(): boolean {
    const { bound, queue, background, loading, prefills } = this;
    return bound.size === 0 && queue.size === 0 && background.size === 0 && loading === 0 && prefills === 0;
  }

  #listFree(entry: PooledSandbox): void {
    if (entry.isListedFree || entry.leases >= entry.concurrency) return;
    entry.isListedFree = true;
    this.#free.push(entry);
  }
}
