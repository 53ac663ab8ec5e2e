import type { GuardedDriver } from '../../contract/guarded-driver.ts';
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
  readonly driver: GuardedDriver;
  /** Ready generic sandboxes, the newest last; taken from the end, whose memory is warmest. */
  readonly ready: PooledSandbox[] = [];
  /** Revisions that wait for a create, in turn. */
  readonly waiting = new Set<RevisionPool>();
  readonly demand = new Demand();
  /** What the operator's settings want ready whatever the demand. */
  baseline = 0;
  /** Deployed functions whose newest revision has this class. */
  functionCount = 0;
  creating = 0;
  /** Live sandboxes of this class, bound ones included. */
  population = 0;
  /** The newest measured cost of a ready one. */
  idleCostMib: number;
  /** Creates that failed in a row. */
  failures = 0;
  lastError: Error | null = null;
  retryAtMs = 0;

  constructor(sandboxClass: SandboxClass, driver: GuardedDriver) {
    this.sandboxClass = sandboxClass;
    this.driver = driver;
    this.idleCostMib = this.limitMib;
  }

  get limitMib(): number {
    return this.sandboxClass.memoryMib + this.driver.capabilities.memoryOverheadMib;
  }

  target(nowMs: number): number {
    if (!this.sandboxClass.isGeneric) return 0;
    return Math.max(this.baseline, this.functionCount > 0 ? 1 : 0) + this.demand.learnedReady(nowMs);
  }

  wanted(): number {
    let wanted = 0;
    for (const revision of this.waiting) wanted += Math.max(0, revision.want());
    return wanted;
  }

  /** The next revision that still wants a sandbox; it goes to the end of the line. */
  nextWaiting(): RevisionPool | null {
    for (const revision of [...this.waiting]) {
      this.waiting.delete(revision);
      if (revision.want() <= 0) continue;
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
