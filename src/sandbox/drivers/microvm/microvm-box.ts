import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { type Box, type BoxExit, type CodeRef, type MeterReading, UNMEASURED } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import { INSIDE } from '../../../host/launch/inside.ts';
import type { CodeDisks } from '../../../microvm/code-disks.ts';
import type { GuestControl, GuestExit } from '../../../microvm/guest-control.ts';
import type { GuestStreams, Vm } from '../../../microvm/vmm.ts';
import type { MicrovmParts } from './microvm-parts.ts';

/**
 * After the guest said that the shim has ended, its earlier frames still arrive. Waiting ends when nothing has come for
 * this long ...
 */
const LAST_FRAMES_QUIET_MS = 20;
/** ... or when this much time has passed. */
const LAST_FRAMES_MAX_MS = 500;

export interface MicrovmBoxOptions {
  token: string;
  parts: MicrovmParts;
  vm: Vm;
  control: GuestControl;
  streams: GuestStreams;
  disks: CodeDisks;
  /** The package was there at boot. */
  bootedWithCode: boolean;
  receipt: Box['receipt'];
  onGone: () => void;
}

/**
 * A machine whose shim is ready. It is metered, frozen and killed through the monitor's cgroup; the guest itself is
 * only spoken to.
 */
export class MicrovmBox implements Box {
  readonly id: string;
  readonly token: string;
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<BoxExit>;
  readonly receipt: Box['receipt'];
  readonly freeze?: () => void;
  readonly thaw?: () => void;
  readonly #options: MicrovmBoxOptions;
  #isKilled = false;
  #isGone = false;

  constructor(options: MicrovmBoxOptions) {
    const { parts, streams } = options;
    this.#options = options;
    this.id = parts.host.id;
    this.token = options.token;
    this.channel = streams.channel;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.receipt = options.receipt;
    this.exited = this.#watch();
    const { cgroup } = parts.host;
    if (cgroup?.canFreeze) {
      this.freeze = () => cgroup.freeze();
      this.thaw = () => cgroup.thaw();
    }
  }

  async deliver(code: CodeRef, signal: AbortSignal): Promise<{ taskRoot: string }> {
    const { parts, vm, control, disks, bootedWithCode } = this.#options;
    if (this.#isGone || parts.host.slot === null)
      throw new SandboxError('sandbox_illegal_state', 'deliver after destroy');
    if (bootedWithCode) return { taskRoot: INSIDE.task };
    const image = await placeCodeDisk(disks, parts, code, signal);
    await vm.swapCode(image, signal);
    await control.mountCode(signal);
    return { taskRoot: INSIDE.task };
  }

  meter(): MeterReading {
    return this.#options.parts.host.cgroup?.meter() ?? UNMEASURED;
  }

  currentBytes(): number | null {
    return this.#options.parts.host.cgroup?.currentBytes() ?? null;
  }

  /**
   * Counts kills for memory: the guest's kernel counts those of the function's processes, the host's kernel counts
   * those of the monitor.
   */
  oomKills(): number {
    return this.#options.control.oomKills + (this.#options.parts.host.cgroup?.oomKills() ?? 0);
  }

  resetPeak(): boolean {
    return this.#options.parts.host.cgroup?.resetPeak() ?? false;
  }

  kill(): void {
    if (this.#isGone) return;
    this.#isKilled = true;
    this.#options.vm.kill();
  }

  async destroy(signal: AbortSignal): Promise<void> {
    if (this.#isGone) return;
    this.kill();
    this.channel.destroy();
    this.#options.control.close();
    await this.#options.parts.remove(signal);
    if (this.#isGone) return;
    this.#isGone = true;
    this.#options.onGone();
  }

  /**
   * Resolves when nothing runs any more, with the shim's end as the guest tells it, or else with the monitor's own end.
   */
  async #watch(): Promise<BoxExit> {
    const { vm, control, parts } = this.#options;
    const guest = await Promise.race([control.exited, vm.exited.then(() => null)]);
    if (guest !== null) await this.#lastFrames();
    const wasKilled = this.#isKilled;
    vm.kill();
    const monitor = await vm.exited;
    if (wasKilled) return { ...monitor, cause: 'destroyed' };
    if (guest !== null) return exitOfGuest(guest);
    // The monitor died while the shim ran, or the guest's kernel panicked. If a process was killed for memory, memory
    // is the cause.
    const isOom = control.oomKills > 0 || (parts.host.cgroup?.oomKills() ?? 0) > 0;
    return { exitCode: monitor.exitCode, signal: monitor.signal, cause: isOom ? 'oom' : 'lost' };
  }

  async #lastFrames(): Promise<void> {
    const endMs = performance.now() + LAST_FRAMES_MAX_MS;
    let quietSinceMs = performance.now();
    const onData = (): void => {
      quietSinceMs = performance.now();
    };
    this.channel.on('data', onData);
    while (!this.#isKilled && performance.now() - quietSinceMs < LAST_FRAMES_QUIET_MS && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, LAST_FRAMES_QUIET_MS / 4));
    }
    this.channel.off('data', onData);
  }
}

/** Puts the image of a package where the machine's monitor may read it. Returns its path on the host. */
export async function placeCodeDisk(
  disks: CodeDisks,
  parts: MicrovmParts,
  code: CodeRef,
  signal: AbortSignal,
): Promise<string> {
  const image = join(parts.host.slot!.codeDir, 'disk.img');
  await disks.place(code, image, signal);
  return image;
}

export function exitOfGuest({ exitCode, signal, oomKills }: GuestExit): BoxExit {
  if (oomKills > 0) return { cause: 'oom', exitCode, signal };
  return { cause: signal === null ? 'exit' : 'signal', exitCode, signal };
}
