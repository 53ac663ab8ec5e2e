import { Demand } from './demand.ts';
import type { PooledSandbox } from './pooled-sandbox.ts';
import type { RevisionPool } from './revision-pool.ts';
import type { SandboxClass } from './sandbox-class.ts';

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;

/** Doubles with every failure in a row, bounded so that a mended host is noticed soon. */
export function backoffMs(failures: number): number {
  return Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, failures - 1));
}

/** Everything about one class: its ready sandboxes, those being made, and the revisions that want one. */
export class ClassPool {
  readonly sandboxClass: SandboxClass;
  /** Ready generic sandboxes, the newest last; taken from the end, whose memory is warmest. */
  readonly ready: PooledSandbox[] = [];
  /** Revisions that wait for a create, in turn. */
  readonly waiting = new Set<RevisionPool>();
  readonly demand = new Demand();
  /** What the operator's settings want ready whatever the demand. */
  baseline = 0;
  /** Functions that keep a sandbox of this class ready for one of their live revisions. */
  functionCount = 0;
  creating = 0;
  /** Live sandboxes of this class, bound ones included. */
  population = 0;
  /** Creates that failed in a row. */
  failures = 0;
  lastError: Error | null = null;
  retryAtMs = 0;
  #idleCostMib: number;

  constructor(sandboxClass: SandboxClass) {
    this.sandboxClass = sandboxClass;
    this.#idleCostMib = sandboxClass.limitMib;
  }

  /** What a new ready one is expected to hold: as much as the newest one does, or did; the limit before the first. */
  idleCostMib(nowMs: number): number {
    const newest = this.ready.at(-1);
    if (newest) this.#idleCostMib = newest.costMib(nowMs);
    return this.#idleCostMib;
  }

  target(nowMs: number): number {
    if (!this.sandboxClass.isGeneric) return 0;
    return Math.max(this.baseline, this.functionCount > 0 ? 1 : 0) + this.demand.learnedReady(nowMs);
  }

  /** Nothing happens when it is not among the ready ones. */
  removeReady(entry: PooledSandbox): void {
    const at = this.ready.indexOf(entry);
    if (at >= 0) this.ready.splice(at, 1);
  }

  wanted(): number {
    let wanted = 0;
    for (const revision of this.waiting) wanted += Math.max(0, revision.wantForCallers());
    return wanted;
  }

  wantedInBackground(): number {
    let wanted = 0;
    for (const revision of this.waiting) wanted += revision.wantInBackground();
    return wanted;
  }

  /** The next revision that still wants a sandbox, for callers first; it goes to the end of the line. */
  nextWaiting(): RevisionPool | null {
    return this.#next((revision) => revision.wantForCallers()) ?? this.#next((revision) => revision.want());
  }

  #next(wantOf: (revision: RevisionPool) => number): RevisionPool | null {
    for (const revision of [...this.waiting]) {
      if (revision.want() <= 0) this.waiting.delete(revision);
      if (wantOf(revision) <= 0) continue;
      this.waiting.delete(revision);
      this.waiting.add(revision);
      return revision;
    }
    return null;
  }

  failed(error: Error, nowMs: number): void {
    this.failures++;
    this.lastError = error;
    this.retryAtMs = nowMs + backoffMs(this.failures);
  }

  succeeded(): void {
    this.failures = 0;
    this.lastError = null;
    this.retryAtMs = 0;
  }

  isUnused(nowMs: number): boolean {
    return this.population + this.creating + this.waiting.size + this.target(nowMs) === 0;
  }
}
