import type { Box, Driver, DriverCapabilities, ProbeResult, SandboxSpec } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import type { Isolation } from '../../../domain/names.ts';
import { MemoryBox } from './memory-box.ts';
import type { ResolveModule } from './memory-module.ts';

export interface MemoryDriverOptions {
  /** Where user code comes from. */
  resolve: ResolveModule;
  name?: string;
  /** Memory is no fence, so the driver reports `process` unless told otherwise. */
  isolation?: Isolation;
  capabilities?: Partial<DriverCapabilities>;
  /** The probe's answer, or how it comes about (may throw, hang or wait). */
  probe?: Partial<ProbeResult> | ((signal: AbortSignal) => Promise<ProbeResult>);
  /** Runs before a box is made: await a promise of the test to delay it, throw to fail it. */
  onCreate?: (spec: SandboxSpec, signal: AbortSignal) => unknown;
  /** Runs in `start`, `deliver` and `destroy`, with the same freedom. */
  onStart?: () => unknown;
  onDeliver?: (boxId: string) => unknown;
  onDestroy?: (boxId: string) => unknown;
  onStop?: () => unknown;
  /** What the shim says instead of a proper hello: `silent` says nothing, a token or protocol replaces the right one. */
  hello?: { silent?: boolean; token?: string; protocol?: number; twice?: boolean };
  /** A driver that ignores abort and delivers late, as a slow daemon would. */
  ignoresAbort?: boolean;
}

/**
 * The executable specification of a driver: boxes are objects in this process, the shim is emulated but speaks real
 * frames over an in-memory pair of streams. It uses no clock and no randomness beyond the token, so everything that
 * happens is what the test or the handler made happen.
 */
export class MemoryDriver implements Driver {
  readonly name: string;
  readonly isolation: Isolation;
  readonly capabilities: DriverCapabilities;
  /** Boxes not yet destroyed, by id. */
  readonly boxes = new Map<string, MemoryBox>();
  createdCount = 0;
  reapable = 0;
  readonly #options: MemoryDriverOptions;
  readonly enforced: EnforcedLimits = { memory: false, cpu: false, pids: false, disk: false, network: false };

  constructor(options: MemoryDriverOptions) {
    this.#options = options;
    this.name = options.name ?? 'memory';
    this.isolation = options.isolation ?? 'process';
    this.capabilities = {
      pause: true,
      sharesHostKernel: true,
      fence: 'none',
      memoryMinMib: 64,
      memoryOverheadMib: 0,
      typicalStartMs: 1,
      ...options.capabilities,
    };
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    if (typeof this.#options.probe === 'function') return this.#options.probe(signal);
    return {
      state: 'usable',
      detail: 'Boxes are objects in this process.',
      fix: null,
      runtimes: ['nodejs24', 'python3.11'],
      enforced: this.enforced,
      progress: null,
      ...this.#options.probe,
    };
  }

  async start(): Promise<void> {
    await this.#options.onStart?.();
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    await this.#options.onCreate?.(spec, signal);
    if (signal.aborted && !this.#options.ignoresAbort) {
      throw new SandboxError('sandbox_start_failed', 'the create was aborted', { cause: signal.reason });
    }
    const box = new MemoryBox(spec, {
      driver: this,
      resolve: this.#options.resolve,
      hello: this.#options.hello ?? {},
      onDeliver: this.#options.onDeliver,
      onDestroy: this.#options.onDestroy,
    });
    this.boxes.set(spec.id, box);
    this.createdCount += 1;
    return box;
  }

  async reap(): Promise<number> {
    const count = this.reapable;
    this.reapable = 0;
    return count;
  }

  async stop(): Promise<void> {
    await this.#options.onStop?.();
    for (const box of this.boxes.values()) box.kill();
  }
}
