import type { Isolation } from '../domain/names.ts';
import type { DriverCapabilities, ProbeResult, SandboxSpec } from './driver.ts';
import type { Sandbox } from './sandbox.ts';

/** A sandbox that is dead and could not be removed yet. The guard tries again until nothing of it is left. */
export interface StuckSandbox {
  readonly sandboxId: string;
  /** What it may hold of the host's memory, in MiB: its limit, for its processes may still live. */
  readonly limitMib: number;
  /** Tries so far, all failed. */
  readonly tries: number;
  /** Wall-clock time of the first failure, in milliseconds. */
  readonly sinceMs: number;
  /** What the newest try failed at. For the operator, never for a function's caller. */
  readonly reason: string;
}

/** A driver as the rest of the house sees it: legal order, deadlines and retries are the guard's (src/sandbox/guard). */
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
  /** Once; calls at the same time share one run, a rejected start may be tried again. Rejects with a SandboxError. */
  start(signal: AbortSignal): Promise<void>;
  /**
   * A sandbox in state `ready` (its hello checked). Rejects with a SandboxError on failure, deadline or abort; then it is
   * removed, even if the driver delivers late, and what cannot be removed is listed by `stuck`. Illegal before `start` and after `stop`.
   */
  create(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox>;
  /** Every sandbox that still has a trace on this host, those whose removal failed and is retried included. */
  live(): readonly Sandbox[];
  /** What could not be removed yet, remains of failed creates included; those never became sandboxes. */
  stuck(): readonly StuckSandbox[];
  /** Removes what earlier epochs of this instance left behind; says how many. Safe to repeat. */
  reap(signal: AbortSignal): Promise<number>;
  /** Destroys every sandbox, then stops the driver; once, safe to repeat. Rejects with all failures gathered. */
  stop(): Promise<void>;
}
