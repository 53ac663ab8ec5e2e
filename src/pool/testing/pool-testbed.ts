import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../domain/limits.ts';
import type { LiveFunction, LiveRevision } from '../../domain/live-function.ts';
import type { Log } from '../../domain/log.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import { type Settings, splitSettings } from '../../domain/settings.ts';
import { DriverRegistry } from '../../isolations/isolation-registry.ts';
import { MemoryDriver, type MemoryDriverOptions } from '../../sandbox/drivers/memory/memory-driver.ts';
import type { MemoryModule } from '../../sandbox/drivers/memory/memory-module.ts';
import { guardDriver } from '../../sandbox/guard/guarded-driver.ts';
import { type PoolOptions, SandboxPool } from '../pool.ts';
import type { AcquireResult, Lease } from '../types.ts';

/** For the pool's tests: a real guard over the memory driver, a registry and a pool, and nothing left at the end. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Answers `functionId/revisionKey` of the code that really runs, so that I3 can be checked from outside. */
const echo: MemoryModule = (event) => event;

export interface TestbedOptions extends Partial<MemoryDriverOptions> {
  pool?: Partial<PoolOptions>;
  /** Code by package hash; echo where absent. */
  code?: Record<string, MemoryModule>;
  fallback?: 'none' | 'weaker';
}

export class Testbed {
  readonly driver: MemoryDriver;
  readonly registry: DriverRegistry;
  readonly pool: SandboxPool;
  readonly guarded: ReturnType<typeof guardDriver>;
  readonly #deployed = new Set<string>();
  readonly #asked = new Map<string, Map<string, LiveRevision>>();

  constructor(options: TestbedOptions = {}) {
    const { pool, code, fallback, ...driverOptions } = options;
    this.driver = new MemoryDriver({ resolve: ({ sha256 }) => code?.[sha256] ?? echo, ...driverOptions });
    this.guarded = guardDriver(this.driver, { onEvent() {}, destroyRetryMs: 1 });
    this.registry = new DriverRegistry({
      drivers: [this.guarded],
      order: [this.driver.isolation],
      log: silentLog,
      ...(fallback && { fallback }),
    });
    this.pool = new SandboxPool({
      drivers: this.registry,
      host: { instance: 'aaaaaaaaaaaa', epoch: 'e1' },
      log: silentLog,
      cores: 2,
      idleBudgetMib: 4_096,
      limitTotalMib: 100_000,
      readyBaseline: 0,
      ...pool,
    });
  }

  async start(): Promise<this> {
    await this.registry.start();
    await this.pool.start(new AbortController().signal);
    return this;
  }

  /** Announces these as a function's live revisions; null deletes it. */
  setLive(functionId: string, targets: RunnableRevision[] | null): void {
    this.setLiveFunction(functionId, targets && liveOf(targets));
  }

  setLiveFunction(functionId: string, live: LiveFunction | null): void {
    this.#deployed.add(functionId);
    this.pool.setLive(functionId, live);
  }

  /** For functions that a test does not deploy: whatever is asked for is live, and nothing is ready or warm ahead of it. */
  announceOnce(target: RunnableRevision): void {
    const { functionId, functionSettings } = target;
    if (this.#deployed.has(functionId)) return;
    const asked = this.#asked.get(functionId) ?? new Map<string, LiveRevision>();
    if (asked.has(target.key)) return;
    this.#asked.set(functionId, asked.set(target.key, { target, minWarm: 0, isStocked: false }));
    this.pool.setLive(functionId, { maxConcurrency: functionSettings.maxConcurrency, revisions: [...asked.values()] });
  }

  acquire(target: RunnableRevision, options: { waitMs?: number; signal?: AbortSignal; exclusive?: boolean } = {}) {
    this.announceOnce(target);
    return new Promise<AcquireResult>((resolve, reject) => {
      let count = 0;
      const queueDeadlineMs = performance.now() + (options.waitMs ?? 5_000);
      const { signal = null, exclusive = false } = options;
      this.pool.acquire(target, { queueDeadlineMs, signal, exclusive }, (result) => {
        if (++count > 1) reject(new Error('answered twice'));
        resolve(result);
      });
    });
  }

  async lease(target: RunnableRevision, options: { waitMs?: number; exclusive?: boolean } = {}): Promise<Lease> {
    const result = await this.acquire(target, options);
    if (result.kind !== 'lease') throw new Error(`no lease: ${describe(result)}`);
    return result.lease;
  }

  ready(): number {
    return this.pool.snapshot().sandboxes.filter((it) => it.state === 'ready').length;
  }

  /** Stops all, and proves that no sandbox is left. */
  async stop(): Promise<void> {
    await this.pool.stop();
    this.registry.stop();
    await this.guarded.stop();
    const { sandboxes, queued } = this.pool.snapshot();
    const left = this.driver.boxes.size + this.guarded.live().length + sandboxes.length + queued;
    if (left > 0) throw new Error(`${left} sandboxes or callers left`);
  }
}

/** The first decides what counts over the function; each is kept ready and warm as its own settings say. */
function liveOf(targets: RunnableRevision[]): LiveFunction {
  return {
    maxConcurrency: targets[0]?.functionSettings.maxConcurrency ?? 0,
    revisions: targets.map((target) => ({ target, minWarm: target.functionSettings.minWarm, isStocked: true })),
  };
}

function describe(result: AcquireResult): string {
  return result.kind === 'platform' ? `platform: ${result.error.message}` : JSON.stringify(result);
}

export function revisionOf(
  name: string,
  key = `${name}-r1`,
  settings: Partial<Settings> = {},
  env: Record<string, string> = {},
): RunnableRevision {
  const { ofRevision, ofFunction } = splitSettings({ ...DEFAULT_SETTINGS, ...settings });
  return {
    key,
    workspaceId: 'w1',
    functionId: `id-${name}`,
    functionName: name,
    version: '$LATEST',
    functionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    revision: { id: key, codeSha256: key, isolation: 'process' },
    settings: ofRevision,
    functionSettings: ofFunction,
    env,
    package: { sha256: key, workspaceId: 'w1', path: `/packages/${key}`, fileCount: 1, sizeBytes: 100 },
  };
}

const DEFAULT_SETTINGS: Settings = {
  runtime: 'nodejs24',
  handler: 'index.handler',
  timeoutMs: LIMITS.timeoutMs.default,
  initTimeoutMs: LIMITS.initTimeoutMs.default,
  queueTimeoutMs: LIMITS.queueTimeoutMs.default,
  memoryMib: LIMITS.memoryMib.default,
  cpus: LIMITS.cpus.default,
  concurrencyPerSandbox: LIMITS.concurrencyPerSandbox.default,
  maxConcurrency: LIMITS.maxConcurrency.default,
  minWarm: LIMITS.minWarm.default,
  diskMib: LIMITS.diskMib.default,
  network: 'none',
  isolation: 'process',
  routes: [],
  url: { auth: 'key' },
  capture: 'errors',
  description: '',
  tags: {},
};

/** Polls a condition until it holds; the deadline names what never came. */
export async function until(what: string, holds: () => boolean, deadlineMs = 5_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`never came: ${what}`);
    await sleep(2);
  }
}

/** A promise and the way to resolve it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
