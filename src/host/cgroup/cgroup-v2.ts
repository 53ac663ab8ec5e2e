import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MeterReading } from '../../contract/driver.ts';
import { MIB } from '../../domain/limits.ts';
import { fieldOf, KernelFile, tryRead, tryWrite } from '../kernel-file.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { descendants, killAllIn, pidsOf, removeCgroupTree } from './cgroup-tree-walk.ts';
import type { SandboxCgroup, SandboxCgroupLimits } from './sandbox-cgroup.ts';

const PERIOD_US = 100_000;
/** The kernel refuses a smaller limit. */
const QUOTA_MIN_US = 1_000;

/** A sandbox's group on cgroup v2: one directory, with the controllers its parent hands down. */
export class CgroupV2 implements SandboxCgroup {
  readonly #directory: string;
  readonly #enforced = { memory: false, cpu: false, pids: false };
  #cpu: KernelFile | null = null;
  #peak: KernelFile | null = null;
  #current: KernelFile | null = null;
  #memoryLimitMib: number | null = null;
  #ourKills = 0;
  isFrozen = false;
  isRemoved = false;

  constructor(layout: CgroupLayout & { version: 2 }, path: string) {
    this.#directory = join(layout.base, path);
  }

  get paths(): string[] {
    return [this.#directory];
  }

  get enforced(): { memory: boolean; cpu: boolean; pids: boolean } {
    return { ...this.#enforced };
  }

  get memoryLimitMib(): number | null {
    return this.#memoryLimitMib;
  }

  get canFreeze(): boolean {
    return true;
  }

  /** Makes the directory and sets the limits; throws when it cannot be made. */
  make(limits: SandboxCgroupLimits): void {
    this.#memoryLimitMib = limits.memoryMib;
    mkdirSync(this.#directory);
    const quotaUs = Math.max(QUOTA_MIN_US, Math.round(limits.cpus * PERIOD_US));
    this.#enforced.memory = this.#write('memory.max', String(limits.memoryMib * MIB));
    this.#write('memory.swap.max', '0');
    // One process killed for memory takes the whole sandbox with it: half a sandbox never serves.
    this.#write('memory.oom.group', '1');
    this.#enforced.cpu = this.#write('cpu.max', `${quotaUs} ${PERIOD_US}`);
    this.#enforced.pids = this.#write('pids.max', String(limits.pidsMax));
    this.open();
  }

  /** Opens the meters of a group that exists already. */
  open(): void {
    this.#cpu = new KernelFile(this.#file('cpu.stat'));
    // Writable since Linux 6.12; each descriptor then has a peak of its own.
    this.#peak = new KernelFile(this.#file('memory.peak'), 'r+');
    if (!this.#peak.isOpen) this.#peak = new KernelFile(this.#file('memory.peak'));
    this.#current = new KernelFile(this.#file('memory.current'));
  }

  /** Removes a half-made group. */
  discard(): void {
    this.isRemoved = true;
    this.#closeFiles();
    try {
      rmdirSync(this.#directory);
    } catch {
      // This directory was never made.
    }
  }

  join(pid: number): void {
    this.#write('cgroup.procs', String(pid));
  }

  meter(): MeterReading {
    const cpuUs = this.#cpu?.readField('usage_usec') ?? null;
    return {
      cpuUs,
      peakBytes: this.#peak?.readNumber() ?? null,
      source: cpuUs === null ? null : 'cgroup2',
    };
  }

  currentBytes(): number | null {
    return this.#current?.readNumber() ?? null;
  }

  anonymousBytes(): number | null {
    return fieldOf(tryRead(this.#file('memory.stat')) ?? '', 'anon');
  }

  resetPeak(): boolean {
    return this.#peak?.write('reset') ?? false;
  }

  freeze(): void {
    this.#write('cgroup.freeze', '1');
    this.isFrozen = true;
  }

  thaw(): void {
    this.#write('cgroup.freeze', '0');
    this.isFrozen = false;
  }

  kill(): void {
    // Since Linux 5.14. It bars forks by itself and reaches frozen processes.
    if (this.#write('cgroup.kill', '1')) return;
    this.#write('pids.max', '0');
    killAllIn([this.#directory]);
  }

  killForMemory(): void {
    this.#ourKills++;
    this.kill();
  }

  /** The kernel kills the whole group (memory.oom.group), so no survivor has to be asked. */
  oomKills(): number {
    // The counter is hierarchical on v2: kills in Docker's child groups are counted in ours.
    return (fieldOf(tryRead(this.#file('memory.events')) ?? '', 'oom_kill') ?? 0) + this.#ourKills;
  }

  limitHits(): number {
    return fieldOf(tryRead(this.#file('memory.events')) ?? '', 'max') ?? 0;
  }

  isEmpty(): boolean {
    return pidsOf(descendants(this.#directory)).length === 0;
  }

  async remove(signal: AbortSignal): Promise<void> {
    this.isRemoved = true;
    this.#closeFiles();
    await removeCgroupTree(this.#directory, signal);
  }

  #write(name: string, text: string): boolean {
    return tryWrite(this.#file(name), text);
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  #closeFiles(): void {
    this.#cpu?.close();
    this.#peak?.close();
    this.#current?.close();
  }
}
