import { BootEnded } from '../../contract/boot-ended.ts';
import type { Box, Driver, DriverCapabilities, ProbeResult, SandboxSpec } from '../../contract/driver.ts';
import type { GuardedDriver, StuckSandbox } from '../../contract/guarded-driver.ts';
import type { Sandbox } from '../../contract/sandbox.ts';
import { type Leftover, SandboxError } from '../../contract/sandbox-error.ts';
import type { Isolation } from '../../domain/names.ts';
import { beforeDeadline } from './driver-calls/before-deadline.ts';
import { BoxRemoval } from './driver-calls/box-removal.ts';
import { CachedProbe } from './driver-calls/cached-probe.ts';
import { defaultsFor, type GuardOptions } from './guard-options.ts';
import { GuardedSandbox } from './guarded-sandbox.ts';
import { StillbornSandbox } from './stillborn-sandbox.ts';

/** Wraps a driver: legal order, start-once and stop-once, deadlines, the list of live sandboxes, removals that are retried. */
export function guardDriver(driver: Driver, options: GuardOptions): GuardedDriver {
  return new DriverGuard(driver, { ...defaultsFor(driver.capabilities), ...options });
}

class DriverGuard implements GuardedDriver {
  readonly name: string;
  readonly isolation: Isolation;
  readonly capabilities: DriverCapabilities;
  readonly #driver: Driver;
  readonly #options: Required<GuardOptions>;
  readonly #probe: CachedProbe;
  /** Everything that has a trace on this host: sandboxes, and sandboxes whose removal is being retried. */
  readonly #live = new Map<string, { sandbox: Sandbox; removal: BoxRemoval }>();
  /** Removals, by id, of what never became a sandbox: boxes that came too late, and remains of failed creates. */
  readonly #orphans = new Map<string, BoxRemoval>();
  readonly #creating = new Set<Promise<unknown>>();
  readonly #stopping = new AbortController();
  #started: Promise<void> | null = null;
  #isStarted = false;
  #stopped: Promise<void> | null = null;

  constructor(driver: Driver, options: Required<GuardOptions>) {
    this.name = driver.name;
    this.isolation = driver.isolation;
    this.capabilities = driver.capabilities;
    this.#driver = driver;
    this.#options = options;
    this.#probe = new CachedProbe(driver, options.probeDeadlineMs);
  }

  get lastProbe(): ProbeResult | null {
    return this.#probe.last;
  }

  probe(options: { fresh?: boolean } = {}): Promise<ProbeResult> {
    return this.#probe.run(options.fresh === true);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#stopped !== null) throw this.#illegal('start after stop');
    this.#started ??= this.#start(signal);
    await this.#started;
  }

  async #start(signal: AbortSignal): Promise<void> {
    try {
      const what = `start of ${this.name}`;
      await beforeDeadline(what, this.#options.startDeadlineMs, [signal], (bounded) => this.#driver.start(bounded));
      this.#isStarted = true;
    } catch (error) {
      this.#started = null;
      throw asSandboxError(error, 'isolation_unavailable');
    }
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox> {
    if (!this.#isStarted || this.#stopped !== null) throw this.#illegal('create outside start and stop');
    if (this.#live.has(spec.id)) throw this.#illegal(`create ${spec.id} twice`);
    const creating = this.#create(spec, signal);
    this.#creating.add(creating);
    try {
      return await creating;
    } finally {
      this.#creating.delete(creating);
    }
  }

  async #create(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox> {
    const beganAtMs = performance.now();
    // A function's own time to load counts from when its runtime runs.
    const createDeadlineMs = this.#options.createDeadlineMs + (spec.initTimeoutMs ?? 0);
    const signals = [signal, this.#stopping.signal];
    let box: Box;
    try {
      box = await beforeDeadline(
        `create of ${this.name} sandbox`,
        createDeadlineMs,
        signals,
        (bounded) => this.#driver.create(spec, bounded),
        (late) => this.#removeOrphan(spec, late, 'arrived after its create was given up'),
        (error) => this.#removeLeftover(spec, error),
      );
    } catch (error) {
      this.#removeLeftover(spec, error);
      if (error instanceof BootEnded && spec.code !== undefined) return this.#stillborn(spec, error);
      throw asSandboxError(error, 'sandbox_start_failed');
    }
    const sandbox = this.#adopt(spec, box);
    const leftMs = Math.max(1, createDeadlineMs - (performance.now() - beganAtMs));
    await sandbox.greet(leftMs, AbortSignal.any(signals));
    return sandbox;
  }

  #stillborn(spec: SandboxSpec, ended: BootEnded): Sandbox {
    const { name, isolation, capabilities, lastProbe } = this;
    const enforced = lastProbe?.enforced ?? { memory: false, cpu: false, pids: false, disk: false, network: false };
    return new StillbornSandbox(spec, ended, {
      ...{ isolation, driver: name, fence: capabilities.fence, imageDigest: null, enforced },
    });
  }

  #adopt(spec: SandboxSpec, box: Box): GuardedSandbox {
    const { onEvent } = this.#options;
    const removal = new BoxRemoval(box, this.#limitMib(spec), this.#options, (reason, failedTries) => {
      this.#live.delete(spec.id);
      onEvent({ kind: 'gone', sandboxId: spec.id, reason, failedTries });
    });
    const sandbox = new GuardedSandbox(box, spec, removal, (sandboxId, from, to, reason) =>
      onEvent({ kind: 'transition', sandboxId, from, to, reason }),
    );
    sandbox.onCrash((crash) => onEvent({ kind: 'crashed', sandboxId: spec.id, ...crash }));
    this.#live.set(spec.id, { sandbox, removal });
    return sandbox;
  }

  /** A create failed half-way, and its driver could not take everything down. */
  #removeLeftover(spec: SandboxSpec, error: unknown): void {
    const leftover = error instanceof SandboxError ? error.leftover : null;
    if (leftover !== null) void this.#removeOrphan(spec, leftover, 'its create failed');
  }

  /** Takes over what nobody waits for. Several creates that shared one leftover may each report it. */
  async #removeOrphan(spec: SandboxSpec, orphan: Leftover, reason: string): Promise<void> {
    if (this.#orphans.has(orphan.id)) return;
    const removal = new BoxRemoval(orphan, this.#limitMib(spec), this.#options, (_, failedTries) => {
      this.#orphans.delete(orphan.id);
      this.#options.onEvent({ kind: 'gone', sandboxId: orphan.id, reason, failedTries });
    });
    this.#orphans.set(orphan.id, removal);
    await removal.begin(reason);
  }

  #limitMib(spec: SandboxSpec): number {
    return spec.memoryMib + this.capabilities.memoryOverheadMib;
  }

  live(): readonly Sandbox[] {
    return Array.from(this.#live.values(), (entry) => entry.sandbox);
  }

  stuck(): readonly StuckSandbox[] {
    return this.#removals().flatMap((removal) => removal.stuck ?? []);
  }

  #removals(): BoxRemoval[] {
    return [...Array.from(this.#live.values(), (entry) => entry.removal), ...this.#orphans.values()];
  }

  async reap(signal: AbortSignal): Promise<number> {
    try {
      return await beforeDeadline(`reap of ${this.name}`, this.#options.startDeadlineMs, [signal], (bounded) =>
        this.#driver.reap(bounded),
      );
    } catch (error) {
      throw asSandboxError(error, 'isolation_unavailable');
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new SandboxError('draining', `${this.name} is being stopped`));
    await this.#probe.stop();
    await Promise.allSettled(this.#creating);
    await Promise.all(Array.from(this.#live.values(), ({ sandbox }) => sandbox.destroy('driver stopped')));
    const tries = this.#removals().map((removal) => removal.lastTry());
    const failures = (await Promise.all(tries)).filter((error) => error !== null);
    try {
      const stop = (): Promise<void> => this.#driver.stop();
      await beforeDeadline(`stop of ${this.name}`, this.#options.startDeadlineMs, [], stop);
    } catch (error) {
      failures.push(asSandboxError(error, 'internal'));
    }
    if (failures.length > 0) {
      const message = `${this.name}: ${failures.length} failure(s) at stop`;
      throw new SandboxError('internal', message, { cause: new AggregateError(failures, message) });
    }
  }

  #illegal(action: string): SandboxError {
    return new SandboxError('sandbox_illegal_state', `${this.name}: ${action}`);
  }
}

function asSandboxError(
  error: unknown,
  code: 'sandbox_start_failed' | 'isolation_unavailable' | 'internal',
): SandboxError {
  if (error instanceof SandboxError) return error;
  return new SandboxError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
