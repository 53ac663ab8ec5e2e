import type { MeterReading } from '../../contract/driver.ts';

/** What one sandbox may use; the caller adds diskMib to memoryMib where /tmp is a tmpfs. */
export interface SandboxCgroupLimits {
  memoryMib: number;
  /** What its processes may hold of that, beside what it keeps in files; absent: only the sum is bounded. */
  heapMib?: number;
  cpus: number;
  pidsMax: number;
}

/** What the host lets us enforce. `controllers` names those in use; `reason` says what is missing, `fix` what mends it. */
export interface CgroupAvailability {
  available: boolean;
  version: 1 | 2 | null;
  reason: string | null;
  fix: string | null;
  controllers: string[];
}

/** The cgroup of one sandbox. After `remove` every member does nothing. */
export interface SandboxCgroup {
  /** One directory per hierarchy (v1) or one (v2); a process joins by writing its pid to `cgroup.procs` in each. */
  readonly paths: string[];
  /** Which of our limits the kernel accepted. */
  readonly enforced: { memory: boolean; cpu: boolean; pids: boolean };
  /** The memory limit set, in MiB; null for a group made by somebody else. */
  readonly memoryLimitMib: number | null;
  /** False when the freezer is missing: `freeze` and `thaw` then do nothing. */
  readonly canFreeze: boolean;
  join(pid: number): void;
  /** Kept-open descriptors, read at offset 0: microseconds, synchronous. */
  meter(): MeterReading;
  currentBytes(): number | null;
  /** What its processes hold, without files and their cache; null where it cannot be read. A walk of the kernel's. */
  anonymousBytes(): number | null;
  readonly isFrozen: boolean;
  /** From the begin of its removal. */
  readonly isRemoved: boolean;
  /** Starts a new peak; false where the kernel cannot. */
  resetPeak(): boolean;
  freeze(): void;
  /** Throws SandboxError `sandbox_crashed` when one of its processes was killed meanwhile. */
  thaw(): void;
  /** SIGKILL to everything in it and below, forks barred first; works on a frozen group. Bounded, synchronous, repeatable. */
  kill(): void;
  /** As `kill`, for memory: counted in `oomKills`. */
  killForMemory(): void;
  /** Out-of-memory kills so far, in it and below; 0 where it cannot be read. */
  oomKills(): number;
  /**
   * How often its memory reached the limit, reclaimed or killed for; 0 where it cannot be read. On v1 it outlives the child
   * group of Docker's in which a kill was counted.
   */
  limitHits(): number;
  /** True when no process is left in it or below. */
  isEmpty(): boolean;
  /** Removes it and its children; waits for the last process until the signal aborts, then rejects. Safe to repeat. */
  remove(signal: AbortSignal): Promise<void>;
}
