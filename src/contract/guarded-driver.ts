import type { Isolation } from '../domain/names.ts';
import type { DriverCapabilities, ProbeResult, SandboxSpec } from './driver.ts';
import type { Sandbox } from './sandbox.ts';

/** A sandbox that is dead and could not be removed yet. The guard tries again until nothing of it is left. */
export interface StuckSandbox {
  readonly sandboxId: string;
  /** What it may still hold of the host's memory, in MiB. This is its limit, because its processes may still live. */
  readonly limitMib: number;
  /** Tries so far, all failed. */
  readonly tries: number;
  /** Wall-clock time of the first failure, in milliseconds. */
  readonly sinceMs: number;
  /** Why the newest try failed. For the operator, never for a function's caller. */
  readonly reason: string;
}

/**
 * A driver as the rest of the house sees it. Legal order, deadlines and retries are the guard's work
 * (src/sandbox/guard).
 */
export interface GuardedDriver {
  readonly name: string;
  readonly isolation: Isolation;
  readonly capabilities: DriverCapabilities;
  /** The newest finished probe; null before the first one. Synchronous, for the hot path and for snapshots. */
  readonly lastProbe: ProbeResult | null;
  /**
   * Says whether sandboxes can be made here. Cached after the first run; `fresh` runs it again (calls at the same time
   * share one run). Never rejects: a probe over its deadline or one that throws is itself a result with the detail.
   */
  probe(options?: { fresh?: boolean }): Promise<ProbeResult>;
  /**
   * Called once. Calls at the same time share one run, and a rejected start may be tried again. Rejects with a
   * SandboxError.
   */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Creates a sandbox in state `ready` (its hello is checked). Rejects with a SandboxError on failure, deadline or
   * abort. The sandbox is then removed, even if the driver delivers it late, and `stuck` lists what cannot be removed.
   * Illegal before `start` and after `stop`.
   */
  create(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox>;
  /** Every sandbox that still has a trace on this host, including those whose removal failed and is retried. */
  live(): readonly Sandbox[];
  /** What could not be removed yet, including remains of failed creates, which never became sandboxes. */
  stuck(): readonly StuckSandbox[];
  /** Removes what earlier epochs of this instance left behind; says how many. Safe to repeat. */
  reap(signal: AbortSignal): Promise<number>;
  /** Destroys every sandbox, then stops the driver; once, safe to repeat. Rejects with all failures gathered. */
  stop(): Promise<void>;
}
