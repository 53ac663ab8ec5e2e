import type { Duplex, Readable } from 'node:stream';
import { type Box, type BoxExit, type CodeRef, type MeterReading, UNMEASURED } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { SandboxCgroup } from '../cgroup/sandbox-cgroup.ts';
import { ProcfsMeter } from '../procfs-meter.ts';
import type { Slot } from '../slot/slot.ts';
import type { LaunchedProcess } from './launched-process.ts';

export interface HostBoxOptions {
  id: string;
  token: string;
  channel: Duplex;
  output: { stdout: Readable; stderr: Readable };
  slot: Slot;
  process: LaunchedProcess;
  cgroup: SandboxCgroup | null;
  receipt: Box['receipt'];
  /** Where the code appears, as seen from inside. */
  taskRoot: string;
  /**
   * The process whose figures are read when there is no cgroup. Null when the launched process is not the one that
   * works.
   */
  meteredPid: number | null;
  /** Ends the process and takes the host's side down; rejects with a SandboxError when something is left. */
  remove: (signal: AbortSignal) => Promise<void>;
}

/** A sandbox whose processes are children of this server: what the process and bubblewrap drivers return. */
export class HostBox implements Box {
  readonly id: string;
  readonly token: string;
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<BoxExit>;
  readonly receipt: Box['receipt'];
  readonly freeze?: () => void;
  readonly thaw?: () => void;
  readonly #options: HostBoxOptions;
  readonly #procfs: ProcfsMeter | null;
  #isRemoved = false;

  constructor(options: HostBoxOptions) {
    this.#options = options;
    this.id = options.id;
    this.token = options.token;
    this.channel = options.channel;
    this.stdout = options.output.stdout;
    this.stderr = options.output.stderr;
    this.exited = options.process.exited;
    this.receipt = options.receipt;
    const { cgroup, meteredPid } = options;
    this.#procfs = cgroup === null && meteredPid !== null ? new ProcfsMeter(meteredPid) : null;
    if (cgroup?.canFreeze) {
      this.freeze = () => cgroup.freeze();
      this.thaw = () => cgroup.thaw();
    }
  }

  async deliver(code: CodeRef, signal: AbortSignal): Promise<{ taskRoot: string }> {
    if (this.#isRemoved) throw new SandboxError('sandbox_illegal_state', 'deliver after destroy');
    await this.#options.slot.deliver(code, signal);
    return { taskRoot: this.#options.taskRoot };
  }

  meter(): MeterReading {
    const { cgroup } = this.#options;
    if (cgroup === null) return this.#procfs?.read() ?? UNMEASURED;
    return cgroup.meter();
  }

  currentBytes(): number | null {
    const { cgroup } = this.#options;
    return cgroup === null ? (this.#procfs?.currentBytes() ?? null) : cgroup.currentBytes();
  }

  oomKills(): number {
    return this.#options.cgroup?.oomKills() ?? 0;
  }

  get memoryLimitMib(): number | null {
    return this.#options.cgroup?.memoryLimitMib ?? null;
  }

  resetPeak(): boolean {
    return this.#options.cgroup?.resetPeak() ?? this.#procfs?.resetPeak() ?? false;
  }

  kill(): void {
    if (!this.#isRemoved) this.#options.process.kill();
  }

  async destroy(signal: AbortSignal): Promise<void> {
    if (this.#isRemoved) return;
    this.channel.destroy();
    await this.#options.remove(signal);
    this.#isRemoved = true;
  }
}
