import type { Isolation, Start, StartReason } from '../../domain/names.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { ClassPool } from './class-pool.ts';
import { leaseAfterWait } from './lease.ts';
import type { RevisionPool } from './revision-pool.ts';

/** One function: what counts across its revisions, and why its last sandbox went away. */
export class FunctionPool {
  readonly id: string;
  readonly revisions = new Map<string, RevisionPool>();
  /** Leases out, of all revisions; bounded by maxConcurrency. */
  inFlight = 0;
  /** What the catalog last announced; null when it never did. */
  current: RunnableRevision | null = null;
  isDeleted = false;
  /** The class that `current` keeps stocked. */
  stockedClass: ClassPool | null = null;
  #hasStarted = false;
  #lastKey: string | null = null;
  #lastIsolation: Isolation | null = null;
  #lastLoss: StartReason | null = null;

  constructor(id: string) {
    this.id = id;
  }

  get queued(): number {
    let queued = 0;
    for (const revision of this.revisions.values()) queued += revision.queue.size;
    return queued;
  }

  /** Hands every free slot to the caller who has waited longest for one of that revision, within maxConcurrency. */
  serve(): void {
    for (;;) {
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

  /** Why this start is not warm. Asked when a sandbox is claimed, before it counts as loading. */
  startReason(revision: RevisionPool, start: Start): StartReason {
    if (revision.isExclusive) return 'try';
    const classPool = revision.classPool!;
    if (!classPool.sandboxClass.isGeneric) return 'boot_profile';
    // The class was meant to be stocked, so having none ready is what made this caller wait.
    if (start === 'cold' && classPool.target(performance.now()) > 0) return 'pool_empty';
    if (revision.bound.size + revision.loading > 0) return 'scaled_out';
    if (!this.#hasStarted) return 'first_call';
    if (this.#lastKey === revision.target.key) return this.#lastLoss ?? 'sandbox_lost';
    const isSameIsolation = this.#lastIsolation === revision.target.revision.isolation;
    return isSameIsolation ? 'revision_changed' : 'isolation_changed';
  }

  started(revision: RevisionPool): void {
    this.#hasStarted = true;
    this.#lastKey = revision.target.key;
    this.#lastIsolation = revision.target.revision.isolation;
    this.#lastLoss = null;
  }

  lost(revision: RevisionPool, reason: StartReason): void {
    if (this.#lastKey === revision.target.key) this.#lastLoss = reason;
  }

  #longestWaiting(): RevisionPool | null {
    let best: RevisionPool | null = null;
    let bestSinceMs = Number.POSITIVE_INFINITY;
    for (const revision of this.revisions.values()) {
      const head = revision.queue.size > 0 ? revision.queue.head : null;
      if (head === null || head.enqueuedAtMs >= bestSinceMs || this.inFlight >= revision.maxConcurrency) continue;
      if (revision.freeEntry() === null) continue;
      best = revision;
      bestSinceMs = head.enqueuedAtMs;
    }
    return best;
  }
}
