import type { AttemptLogs, Crash, Sandbox } from '../../contract/sandbox.ts';
import { MIB } from '../../domain/limits.ts';
import type { Start, StartReason } from '../../domain/names.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { SandboxClass } from './sandbox-class.ts';

/** How a bound sandbox came about; told to the first caller it serves. Times are monotonic milliseconds. */
export interface StartRecord {
  start: Start;
  reason: StartReason;
  /** When its create began (cold) or it was taken from the ready ones (claimed), and when it was there. */
  beganAtMs: number;
  gotAtMs: number;
  loadedAtMs: number;
  importMs: number;
}

/** Why the pool gave a sandbox up. */
export type LeaveReason = StartReason | 'retired' | 'spent' | 'stopping';

/** What a bound sandbox and its leases need of the revision they serve (RevisionPool is the only one). */
export interface BoundRevision {
  readonly target: RunnableRevision;
  /** Leases whose reply has been given: slots about to be free. */
  settling: number;
  /** A lease of this sandbox came back. */
  release(entry: PooledSandbox, start: Start, isBackground: boolean): void;
  /** This sandbox serves nothing new. */
  leave(entry: PooledSandbox, reason: LeaveReason): void;
  /** A sandbox of its own ended by itself between two calls. */
  crashed(crash: Crash): void;
}

/** Reading the meter of every idle sandbox at every plan would cost more than it tells. */
const COST_STALE_MS = 1_000;

/** What the pool knows of one sandbox it owns. It is ready, then loading or bound (`boundTo` is set), then gone. */
export class PooledSandbox {
  readonly sandbox: Sandbox;
  readonly sandboxClass: SandboxClass;
  readonly createBeganAtMs: number;
  readonly createdAtMs: number;
  /** The revision it is bound to, from the moment it is claimed; never changes afterwards (I3). */
  boundTo: BoundRevision | null = null;
  /** Slots, fixed when loaded. */
  concurrency = 1;
  leases = 0;
  isLoaded = false;
  /** In its revision's stack of those with a free slot. */
  isListedFree = false;
  isPaused = false;
  /** Never handed out again: dead, evicted, retired or used up. */
  isGone = false;
  /** Its first removal failed. */
  isStuck = false;
  idleSinceMs: number;
  /** Told to the first caller, then null. */
  startRecord: StartRecord | null = null;
  loadLogs: AttemptLogs | null = null;
  #costMib: number;
  #costAtMs = Number.NEGATIVE_INFINITY;

  constructor(sandbox: Sandbox, sandboxClass: SandboxClass, createBeganAtMs: number, nowMs: number) {
    this.sandbox = sandbox;
    this.sandboxClass = sandboxClass;
    this.createBeganAtMs = createBeganAtMs;
    this.createdAtMs = nowMs;
    this.idleSinceMs = nowMs;
    this.#costMib = sandboxClass.limitMib;
  }

  get isBusy(): boolean {
    return this.leases > 0 || (this.boundTo !== null && !this.isLoaded);
  }

  /** What it holds while idle, at most a second old; its limit where that cannot be measured. */
  costMib(nowMs: number): number {
    if (nowMs - this.#costAtMs < COST_STALE_MS) return this.#costMib;
    const bytes = this.sandbox.memoryBytes();
    this.#costMib = bytes === null ? this.sandboxClass.limitMib : Math.max(1, bytes / MIB);
    this.#costAtMs = nowMs;
    return this.#costMib;
  }
}
