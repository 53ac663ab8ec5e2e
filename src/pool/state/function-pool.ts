import type { LiveFunction, LiveRevision } from '../../domain/live-function.ts';
import type { Isolation } from '../../domain/names.ts';
import type { ClassPool } from './class-pool.ts';
import { leaseAfterWait } from './lease.ts';
import type { RevisionOwner, RevisionPool } from './revision-pool.ts';

/** What the catalog last said of the function. Of one that was never announced, or is deleted, no revision is kept. */
type Announced =
  | { kind: 'never' }
  | { kind: 'live'; revisions: ReadonlyMap<string, LiveRevision> }
  | { kind: 'deleted' };

/** One function: which of its revisions are live, and what counts across them. */
export class FunctionPool implements RevisionOwner {
  readonly id: string;
  maxConcurrency: number;
  inFlight = 0;
  queued = 0;
  inBackground = 0;
  backgroundMax = 0;
  lastIsolation: Isolation | null = null;
  /** The classes its live revisions keep ready. */
  stocked: ReadonlySet<ClassPool> = new Set();
  readonly #revisions = new Map<string, RevisionPool>();
  #announced: Announced = { kind: 'never' };

  /** `maxConcurrency` counts until the function is announced. */
  constructor(id: string, maxConcurrency: number) {
    this.id = id;
    this.maxConcurrency = maxConcurrency;
  }

  get revisions(): ReadonlyMap<string, RevisionPool> {
    return this.#revisions;
  }

  get isDeleted(): boolean {
    return this.#announced.kind === 'deleted';
  }

  get live(): Iterable<LiveRevision> {
    return this.#announced.kind === 'live' ? this.#announced.revisions.values() : [];
  }

  /** Nothing of it is used or kept. */
  get isDone(): boolean {
    return this.#announced.kind !== 'live' && this.#revisions.size === 0 && this.inFlight === 0;
  }

  /** Null when the function was deleted. Which revisions are retired follows from this alone. */
  announce(live: LiveFunction | null): void {
    if (live === null) this.#announced = { kind: 'deleted' };
    else {
      const revisions = new Map(live.revisions.map((one) => [one.target.key, one]));
      this.#announced = { kind: 'live', revisions };
      this.maxConcurrency = live.maxConcurrency;
    }
    for (const revision of this.#revisions.values()) this.#judge(revision);
  }

  add(revision: RevisionPool): void {
    this.#revisions.set(revision.target.key, revision);
    this.#judge(revision);
  }

  remove(revision: RevisionPool): void {
    const { key } = revision.target;
    if (this.#revisions.get(key) === revision) this.#revisions.delete(key);
  }

  /** Hands free slots to callers, and only when none waits to work that may wait. */
  serve(): void {
    this.#serveCallers();
    if (this.queued === 0) this.#serveBackground();
  }

  /** Hands every free slot to the caller who has waited longest for one of that revision, within maxConcurrency. */
  #serveCallers(): void {
    while (this.queued > 0 && this.inFlight < this.maxConcurrency) {
      const revision = this.#longestWaiting();
      if (revision === null) return;
      const entry = revision.freeEntry();
      if (entry === null) continue;
      const waiter = revision.queue.head!;
      revision.queue.remove(waiter);
      revision.lend(entry);
      waiter.onResult({ kind: 'lease', lease: leaseAfterWait(entry, waiter.enqueuedAtMs, performance.now()) });
    }
  }

  #serveBackground(): void {
    for (const revision of this.#revisions.values()) {
      while (revision.background.size > 0 && this.inBackground < this.backgroundMax) {
        const entry = this.inFlight < this.maxConcurrency ? revision.freeEntry() : null;
        const ask = entry === null ? null : revision.background.take();
        if (entry === null || ask === null) break;
        revision.lend(entry);
        this.inBackground++;
        ask.onResult({ kind: 'lease', lease: leaseAfterWait(entry, ask.askedAtMs, performance.now(), true) });
      }
    }
  }

  /** The rule: a revision is kept while a name of its function leads to it. `try` has none. */
  #judge(revision: RevisionPool): void {
    const isNamed = this.#announced.kind === 'live' && this.#announced.revisions.has(revision.target.key);
    revision.isRetired = revision.isExclusive || !isNamed;
  }

  #longestWaiting(): RevisionPool | null {
    let best: RevisionPool | null = null;
    let bestSinceMs = Number.POSITIVE_INFINITY;
    for (const revision of this.#revisions.values()) {
      const head = revision.queue.size > 0 ? revision.queue.head : null;
      if (head === null || head.enqueuedAtMs >= bestSinceMs || revision.freeEntry() === null) continue;
      best = revision;
      bestSinceMs = head.enqueuedAtMs;
    }
    return best;
  }
}
