import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { type Box, type BoxExit, type CodeRef, type MeterReading, UNMEASURED } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { EngineClient } from '../../../host/docker/engine-client.ts';
import { INSIDE } from '../../../host/launch/inside.ts';
import { ContainerExit } from './container-exit.ts';
import type { ContainerParts } from './container-parts.ts';

/** How long the daemon may take to tell an exit code; a caller's reply waits for it. */
const EXIT_CODE_DEADLINE_MS = 1_000;
/** Deadline of a kill through the daemon, which is used where nothing else can kill. */
const KILL_DEADLINE_MS = 5_000;

export interface ContainerBoxOptions {
  id: string;
  token: string;
  engine: EngineClient;
  parts: ContainerParts;
  channel: Duplex;
  stdout: Readable;
  stderr: Readable;
  receipt: Box['receipt'];
  /** See ContainerExit. */
  showsKills: boolean;
  onGone: () => void;
}

/** A running container whose shim has connected. Only `destroy` and a late exit code need the daemon. */
export class ContainerBox implements Box {
  readonly id: string;
  readonly token: string;
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly receipt: Box['receipt'];
  readonly #engine: EngineClient;
  readonly #parts: ContainerParts;
  readonly #exit: ContainerExit;
  readonly #onGone: () => void;
  #destroying: Promise<void> | null = null;
  #gone = false;

  constructor(options: ContainerBoxOptions) {
    const { engine, parts } = options;
    this.id = options.id;
    this.token = options.token;
    this.channel = options.channel;
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.receipt = options.receipt;
    this.#engine = engine;
    this.#parts = parts;
    this.#onGone = options.onGone;
    this.#exit = new ContainerExit({
      isAlive: () => parts.isAlive(),
      oomKills: () => parts.host.cgroup?.oomKills() ?? 0,
      limitHits: () => parts.host.cgroup?.limitHits() ?? 0,
      showsKills: options.showsKills,
      exitCode: () => engine.waitContainer(parts.name, { deadlineMs: EXIT_CODE_DEADLINE_MS }),
    });
    // The shim holds the only other end, so its death closes it; a function that closes it on purpose is found alive.
    options.channel.once('close', () => this.#exit.expect({ killed: false }));
  }

  get exited(): Promise<BoxExit> {
    return this.#exit.exited;
  }

  async deliver(code: CodeRef, signal: AbortSignal): Promise<{ taskRoot: string }> {
    const slot = this.#parts.host.slot;
    if (slot === null || this.#gone) throw new SandboxError('sandbox_illegal_state', 'the sandbox is gone');
    return { taskRoot: join(INSIDE.task, await slot.deliver(code, signal)) };
  }

  meter(): MeterReading {
    return this.#parts.host.cgroup?.meter() ?? UNMEASURED;
  }

  currentBytes(): number | null {
    return this.#parts.host.cgroup?.currentBytes() ?? null;
  }

  oomKills(): number {
    return this.#parts.host.cgroup?.oomKills() ?? 0;
  }

  get memoryLimitMib(): number | null {
    return this.#parts.host.cgroup?.memoryLimitMib ?? null;
  }

  resetPeak(): boolean {
    return this.#parts.host.cgroup?.resetPeak() ?? false;
  }

  freeze(): void {
    this.#parts.host.cgroup?.freeze();
  }

  thaw(): void {
    this.#parts.host.cgroup?.thaw();
  }

  kill(): void {
    if (this.#gone) return;
    if (!this.#parts.kill()) {
      // A failed kill shows as a box that does not exit; destroy removes it by force and reports.
      this.#engine.killContainer(this.#parts.name, { deadlineMs: KILL_DEADLINE_MS }).catch(() => {});
    }
    this.#exit.expect({ killed: true });
  }

  async destroy(signal: AbortSignal): Promise<void> {
    if (this.#gone) return;
    this.#destroying ??= this.#destroy(signal).finally(() => {
      this.#destroying = null;
    });
    await this.#destroying;
  }

  async #destroy(signal: AbortSignal): Promise<void> {
    this.kill();
    this.channel.destroy();
    await this.#parts.remove(signal);
    this.#gone = true;
    this.#exit.destroyed();
    this.#onGone();
  }
}
