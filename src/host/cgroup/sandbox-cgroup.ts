import type { MeterReading } from '../../contract/driver.ts';

/** What one sandbox may use; the caller adds diskMib to memoryMib where /tmp is a tmpfs. */
export interface SandboxCgroupLimits {
  memoryMib: number;
  /** What its processes may hold of that, without files. When absent, only the sum is bounded. */
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
  /**
   * A process joins by writing its pid to `cgroup.procs` in each directory: one per hierarchy on v1, a single one on
   * v2.
   */
  readonly paths: string[];
  /** Which of our limits the kernel accepted. */
  readonly enforced: { memory: boolean; cpu: boolean; pids: boolean };
  /** The memory limit that was set, in MiB. Null for a group that somebody else made. */
  readonly memoryLimitMib: number | null;
  /** False when the freezer is missing: `freeze` and `thaw` then do nothing. */
  readonly canFreeze: boolean;
  join(pid: number): void;
  /** Read through descriptors that stay open, at offset 0: microseconds, synchronous. */
  meter(): MeterReading;
  currentBytes(): number | null;
  /**
   * What its processes hold, without files and their cache. Null when it cannot be read. The kernel walks the group for
   * it.
   */
  anonymousBytes(): number | null;
  readonly isFrozen: boolean;
  /** True from the beginning of its removal. */
  readonly isRemoved: boolean;
  /** Starts a new peak. False when the kernel cannot. */
  resetPeak(): boolean;
  freeze(): void;
  /** Throws SandboxError `sandbox_crashed` when one of its processes was killed while it was frozen. */
  thaw(): void;
  /**
   * Sends SIGKILL to everything in it and below, after it has barred forks. Works on a frozen group. Bounded,
   * synchronous, repeatable.
   */
  kill(): void;
  /** As `kill`, but counted in `oomKills` as a kill for memory. */
  killForMemory(): void;
  /** Out-of-memory kills so far, in it and below; 0 where it cannot be read. */
  oomKills(): number;
  /**
   * How often its memory reached the limit, whether the kernel then reclaimed or killed. 0 where it cannot be read. On
   * v1 this count outlives Docker's child group in which a kill was counted.
   */
  limitHits(): number;
  /** True when no process is left in it or below. */
  isEmpty(): boolean;
  /** Removes it and its children. Waits for the last process; rejects when the signal aborts first. Safe to repeat. */
  remove(signal: AbortSignal): Promise<void>;
}
