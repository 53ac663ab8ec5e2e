import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MeterReading } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { MIB } from '../../domain/limits.ts';
import { fieldOf, KernelFile, tryRead, tryWrite } from '../kernel-file.ts';
import type { CgroupLayout, V1Controller } from './cgroup-layout.ts';
import { descendants, killAllIn, pidsOf, removeCgroupTree } from './cgroup-tree-walk.ts';
import { hasPendingKill } from './pending-kill.ts';
import type { SandboxCgroup, SandboxCgroupLimits } from './sandbox-cgroup.ts';

/** The kernel charges memory in batches of up to 64 pages, so a group at its limit may stand this much below it. */
const CHARGE_BATCH_BYTES = 256 * 1024;
const PERIOD_US = 100_000;
/** The kernel refuses a smaller limit. */
const QUOTA_MIN_US = 1_000;

/** A sandbox's group on cgroup v1: one directory in each controller's own hierarchy. Some may be missing. */
export class CgroupV1 implements SandboxCgroup {
  readonly #directories: Partial<Record<V1Controller, string>> = {};
  readonly #enforced = { memory: false, cpu: false, pids: false };
  #cpu: KernelFile | null = null;
  #peak: KernelFile | null = null;
  #current: KernelFile | null = null;
  #memoryLimitMib: number | null = null;
  #ourKills = 0;
  isFrozen = false;
  isRemoved = false;
  /** The processes that were frozen. None joins or leaves while they are frozen. */
  #frozenPids: number[] = [];

  constructor(layout: CgroupLayout & { version: 1 }, path: string) {
    for (const [controller, base] of Object.entries(layout.controllers)) {
      this.#directories[controller as V1Controller] = join(base, path);
    }
  }

  get paths(): string[] {
    return Object.values(this.#directories);
  }

  get enforced(): { memory: boolean; cpu: boolean; pids: boolean } {
    return { ...this.#enforced };
  }

  get memoryLimitMib(): number | null {
    return this.#memoryLimitMib;
  }

  get canFreeze(): boolean {
    return this.#directories.freezer !== undefined;
  }

  /** Makes the directories and sets the limits; throws when a directory cannot be made. */
  make(limits: SandboxCgroupLimits): void {
    this.#memoryLimitMib = limits.memoryMib;
    for (const directory of this.paths) mkdirSync(directory);
    const { memory, cpu, pids } = this.#directories;
    if (memory !== undefined) {
      const bytes = String(limits.memoryMib * MIB);
      this.#enforced.memory = tryWrite(join(memory, 'memory.limit_in_bytes'), bytes);
      // Without swap accounting memsw is missing. Swappiness 0 then keeps the sandbox off the swap as well as possible.
      tryWrite(join(memory, 'memory.memsw.limit_in_bytes'), bytes);
      tryWrite(join(memory, 'memory.swappiness'), '0');
    }
    if (cpu !== undefined) {
      const quotaUs = Math.max(QUOTA_MIN_US, Math.round(limits.cpus * PERIOD_US));
      tryWrite(join(cpu, 'cpu.cfs_period_us'), String(PERIOD_US));
      this.#enforced.cpu = tryWrite(join(cpu, 'cpu.cfs_quota_us'), String(quotaUs));
    }
    if (pids !== undefined) this.#enforced.pids = tryWrite(join(pids, 'pids.max'), String(limits.pidsMax));
    this.open();
  }

  /** Opens the meters of a group that exists already. */
  open(): void {
    const { memory, cpuacct } = this.#directories;
    if (cpuacct !== undefined) this.#cpu = new KernelFile(join(cpuacct, 'cpuacct.usage'));
    if (memory !== undefined) {
      this.#peak = new KernelFile(join(memory, 'memory.max_usage_in_bytes'), 'r+');
      this.#current = new KernelFile(join(memory, 'memory.usage_in_bytes'));
    }
  }

  /** Removes a half-made group. */
  discard(): void {
    this.isRemoved = true;
    this.#closeFiles();
    for (const directory of this.paths) {
      try {
        rmdirSync(directory);
      } catch {
        // This directory was never made.
      }
    }
  }

  join(pid: number): void {
    for (const directory of this.paths) tryWrite(join(directory, 'cgroup.procs'), String(pid));
  }

  meter(): MeterReading {
    const cpuNs = this.#cpu?.readNumber() ?? null;
    return {
      cpuUs: cpuNs === null ? null : cpuNs / 1_000,
      peakBytes: this.#peak?.readNumber() ?? null,
      source: cpuNs === null && this.#current === null ? null : 'cgroup1',
    };
  }

  currentBytes(): number | null {
    return this.#current?.readNumber() ?? null;
  }

  anonymousBytes(): number | null {
    const { memory } = this.#directories;
    return memory === undefined ? null : fieldOf(tryRead(join(memory, 'memory.stat')) ?? '', 'total_rss');
  }

  resetPeak(): boolean {
    return this.#peak?.write('0') ?? false;
  }

  freeze(): void {
    if (this.#directories.freezer === undefined) return;
    tryWrite(this.#file('freezer', 'freezer.state'), 'FROZEN');
    this.isFrozen = true;
    this.#frozenPids = pidsOf(descendants(this.#directories.freezer));
  }

  /**
   * On v1 a SIGKILL waits for the thaw, so a killed frozen sandbox looks alive after the thaw. Throws when a SIGKILL
   * waits, so that no call meets such a sandbox.
   */
  thaw(): void {
    if (this.#directories.freezer === undefined) return;
    const wasKilled = hasPendingKill(this.#frozenPids);
    tryWrite(this.#file('freezer', 'freezer.state'), 'THAWED');
    this.isFrozen = false;
    if (wasKilled) throw new SandboxError('sandbox_crashed', 'killed while frozen');
  }

  kill(): void {
    // A limit of 0 makes every further fork fail, so that a fork bomb cannot outrun the signals.
    if (this.#directories.pids !== undefined) tryWrite(this.#file('pids', 'pids.max'), '0');
    // In all hierarchies, because a process that was moved in from outside may have forked half-way.
    killAllIn(this.paths);
    // A frozen process takes its SIGKILL only when it is thawed. Docker may have frozen its own child group.
    if (this.#directories.freezer === undefined) return;
    for (const directory of descendants(this.#directories.freezer)) {
      tryWrite(join(directory, 'freezer.state'), 'THAWED');
    }
  }

  killForMemory(): void {
    this.#ourKills++;
    this.kill();
  }

  oomKills(): number {
    const memory = this.#directories.memory;
    if (memory === undefined) return this.#ourKills;
    // v1 counts a kill only in the victim's own group, which may be a child of Docker's.
    return descendants(memory).reduce(
      (sum, directory) => sum + (fieldOf(tryRead(join(directory, 'memory.oom_control')) ?? '', 'oom_kill') ?? 0),
      this.#ourKills,
    );
  }

  limitHits(): number {
    const { memory } = this.#directories;
    if (memory === undefined) return 0;
    const read = (name: string): number => Number(tryRead(join(memory, name)) ?? 0);
    // With swap accounting the other counter may be the one that fails. Newer kernels count in neither; then the peak
    // tells.
    const failures = read('memory.failcnt') + read('memory.memsw.failcnt');
    const isPeakAtLimit = read('memory.max_usage_in_bytes') >= read('memory.limit_in_bytes') - CHARGE_BATCH_BYTES;
    return failures > 0 || !isPeakAtLimit ? failures : 1;
  }

  isEmpty(): boolean {
    return this.paths.every((directory) => pidsOf(descendants(directory)).length === 0);
  }

  async remove(signal: AbortSignal): Promise<void> {
    this.isRemoved = true;
    this.#closeFiles();
    await Promise.all(this.paths.map((directory) => removeCgroupTree(directory, signal)));
  }

  #file(controller: V1Controller, name: string): string {
    return join(this.#directories[controller] as string, name);
  }

  #closeFiles(): void {
    this.#cpu?.close();
    this.#peak?.close();
    this.#current?.close();
  }
}
