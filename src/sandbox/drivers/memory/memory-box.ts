import { randomBytes } from 'node:crypto';
import { type Duplex, duplexPair, Readable } from 'node:stream';
import type { Box, BoxExit, CodeRef, Driver, MeterReading, SandboxSpec } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import type { MemoryFigures, ResolveModule } from './memory-module.ts';
import { MemoryShim } from './memory-shim.ts';

/** The driver that made a box, as the box sees it. */
export interface BoxMaker extends Pick<Driver, 'name' | 'isolation' | 'capabilities'> {
  readonly boxes: Map<string, MemoryBox>;
  readonly enforced: EnforcedLimits;
}

export interface MemoryBoxOptions {
  driver: BoxMaker;
  resolve: ResolveModule;
  hello: { silent?: boolean; token?: string; protocol?: number; twice?: boolean };
  onDeliver: ((boxId: string) => unknown) | undefined;
  onDestroy: ((boxId: string) => unknown) | undefined;
}

/** A box whose process is a `MemoryShim` in this process. Its end is a fact the test causes, through a handler or `end`. */
export class MemoryBox implements Box {
  readonly id: string;
  readonly token = randomBytes(16).toString('hex');
  readonly channel: Duplex;
  readonly stdout = silentReadable();
  readonly stderr = silentReadable();
  readonly exited: Promise<BoxExit>;
  readonly receipt: Box['receipt'];
  readonly figures: MemoryFigures = { cpuUs: 0, peakBytes: 0, currentBytes: 0, canResetPeak: true };
  /** How often each was called, for tests of order. */
  killCount = 0;
  destroyCount = 0;
  isFrozen = false;
  oomKillCount = 0;
  readonly #options: MemoryBoxOptions;
  readonly #shim: MemoryShim;
  readonly #shimEnd: Duplex;
  readonly #resolveExited: (exit: BoxExit) => void;
  #hasEnded = false;
  #code: CodeRef | null = null;

  constructor(spec: SandboxSpec, options: MemoryBoxOptions) {
    this.id = spec.id;
    this.#options = options;
    const { driver } = options;
    this.receipt = {
      isolation: driver.isolation,
      driver: driver.name,
      fence: driver.capabilities.fence,
      imageDigest: null,
      enforced: driver.enforced,
    };
    const { promise, resolve } = Promise.withResolvers<BoxExit>();
    this.exited = promise;
    this.#resolveExited = resolve;
    const [hostEnd, shimEnd] = duplexPair();
    this.channel = hostEnd.pause();
    this.#shimEnd = shimEnd;
    this.#shim = new MemoryShim({ spec, box: this, duplex: shimEnd, token: this.token, hello: options.hello });
    if (!driver.capabilities.pause) {
      // A driver without the capability has none of these members.
      Object.defineProperty(this, 'freeze', { value: undefined });
      Object.defineProperty(this, 'thaw', { value: undefined });
    }
  }

  get code(): CodeRef | null {
    return this.#code;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  resolve(code: CodeRef, handler: string): ReturnType<ResolveModule> {
    return this.#options.resolve(code, handler);
  }

  async deliver(code: CodeRef, signal: AbortSignal): Promise<{ taskRoot: string }> {
    await this.#options.onDeliver?.(this.id);
    if (signal.aborted) throw new SandboxError('sandbox_start_failed', 'delivery aborted', { cause: signal.reason });
    if (this.#code !== null) throw new SandboxError('sandbox_illegal_state', 'code delivered twice');
    this.#code = code;
    return { taskRoot: code.path };
  }

  meter(): MeterReading {
    const { cpuUs, peakBytes } = this.figures;
    return { cpuUs, peakBytes, source: cpuUs === null && peakBytes === null ? null : 'procfs' };
  }

  currentBytes(): number | null {
    return this.figures.currentBytes;
  }

  resetPeak(): boolean {
    if (this.figures.canResetPeak) this.figures.peakBytes = this.figures.currentBytes;
    return this.figures.canResetPeak;
  }

  oomKills(): number {
    return this.oomKillCount;
  }

  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    if (!this.isFrozen) return;
    this.isFrozen = false;
    this.#shim.wake();
  }

  kill(): void {
    this.killCount += 1;
    this.end({ cause: 'destroyed', exitCode: null, signal: 'SIGKILL' });
  }

  async destroy(_signal: AbortSignal): Promise<void> {
    this.destroyCount += 1;
    this.kill();
    await this.#options.onDestroy?.(this.id);
    this.#options.driver.boxes.delete(this.id);
  }

  /** The process ends. What it wrote before is still readable; then both pipes and the channel end. */
  end(exit: BoxExit): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#shim.die();
    this.#shimEnd.end();
    this.stdout.push(null);
    this.stderr.push(null);
    this.#resolveExited(exit);
  }

  print(stream: 'stdout' | 'stderr', text: string | Uint8Array): void {
    if (this.#hasEnded) return;
    this[stream].push(typeof text === 'string' ? Buffer.from(text) : Buffer.from(text));
  }

  /** The connection breaks although the process lives. */
  closeChannel(): void {
    this.#shimEnd.end();
  }
}

function silentReadable(): Readable {
  return new Readable({ read() {} }).pause();
}
