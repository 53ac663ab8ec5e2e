import type { SandboxSpec } from '../contract/driver.ts';
import type { GuardedDriver } from '../contract/guarded-driver.ts';
import { loadSettings } from '../contract/load-settings.ts';
import type { Sandbox } from '../contract/sandbox.ts';
import type { ComparedIsolation } from '../domain/comparison.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { classOfRevision, type SandboxClass, sandboxSpec } from '../pool/state/sandbox-class.ts';
import { type CallEnd, callOnce, loadFailure } from './call-once.ts';
import { Samples } from './sample.ts';

/** More calls do not help a function that fails this often in a row. */
const FAILURES_MAX = 3;
/** Two sandboxes: the one that stays warm, and the one that is being started beside it. */
export const SANDBOXES_AT_ONCE = 2;

export interface IsolationRunOptions {
  driver: GuardedDriver;
  target: RunnableRevision;
  event: Uint8Array;
  count: number;
  timeLimitMs: number;
  labels: SandboxSpec['labels'];
  /** Told after every call. */
  onCall(): void;
  signal: AbortSignal;
}

/**
 * One isolation's turn: rounds of one cold, one claimed and one warm call, so that each kind meets the same moods of the host
 * and a cut leaves all three. Its sandboxes are its own: live calls neither lend nor lose one. Cold is timed from the create,
 * claimed from the load into a sandbox that was ready, warm from the call; each to the reply. The first sandbox stays as the
 * warm one, its first call counted as cold only. Whatever ends it, no sandbox of it is left.
 */
export class IsolationRun {
  readonly result: ComparedIsolation;
  readonly #options: IsolationRunOptions;
  readonly #class: SandboxClass;
  readonly #cold = new Samples('cold');
  readonly #claimed = new Samples('claimed');
  readonly #warm = new Samples('warm');
  #kept: Sandbox | null = null;
  #failuresInRow = 0;

  constructor(options: IsolationRunOptions, result: ComparedIsolation) {
    this.#options = options;
    this.#class = classOfRevision(options.target, options.driver);
    this.result = result;
    Object.assign(result, { state: 'running', driver: options.driver.name, fence: options.driver.capabilities.fence });
  }

  /** Never rejects: a failure is the result. */
  async run(): Promise<void> {
    const { count, timeLimitMs, signal } = this.#options;
    const endAtMs = performance.now() + timeLimitMs;
    try {
      for (let round = 0; round < count; round++) {
        for (const step of [this.#coldCall, this.#claimedCall, this.#warmCall]) {
          if (signal.aborted) return this.#end('stopped', null);
          if (performance.now() > endAtMs)
            return this.#end('cut', `Its ${timeLimitMs / 1000} s were over after ${round} of ${count} rounds.`);
          await step.call(this);
          if (this.#failuresInRow >= FAILURES_MAX) return this.#end('failed', `${FAILURES_MAX} calls in a row failed.`);
        }
      }
      this.#end('done', null);
    } catch (error) {
      if (signal.aborted) this.#end('stopped', null);
      else this.#end('failed', error instanceof ColdframeError ? error.publicMessage : 'A sandbox could not be made.');
    } finally {
      await this.#dropKept();
      this.#summarise();
    }
  }

  async #coldCall(): Promise<void> {
    const beganAtMs = performance.now();
    const sandbox = await this.#create();
    const isFine = await this.#loadAndCall(sandbox, beganAtMs, this.#cold);
    if (isFine && this.#kept === null) this.#kept = sandbox;
    else await discard(sandbox);
  }

  /** A sandbox with boot variables belongs to its revision from the start: there is nothing to claim. */
  async #claimedCall(): Promise<void> {
    if (!this.#class.isGeneric) return this.#options.onCall();
    const sandbox = await this.#create();
    await this.#loadAndCall(sandbox, performance.now(), this.#claimed);
    await discard(sandbox);
  }

  async #warmCall(): Promise<void> {
    const sandbox = this.#kept;
    if (sandbox === null) return this.#options.onCall();
    const end = await this.#call(sandbox);
    if (!this.#record(end, end.askedAtMs, this.#warm)) await this.#dropKept();
  }

  async #create(): Promise<Sandbox> {
    const { driver, labels, signal } = this.#options;
    const sandbox = await driver.create(sandboxSpec(this.#class, labels), signal);
    this.result.enforced = sandbox.receipt.enforced;
    this.result.fence = sandbox.receipt.fence;
    return sandbox;
  }

  async #loadAndCall(sandbox: Sandbox, beganAtMs: number, samples: Samples): Promise<boolean> {
    const { target, signal } = this.#options;
    try {
      const loaded = await sandbox.load(target.package, loadSettings(target, 1), signal);
      const end = loaded.kind === 'loaded' ? await this.#call(sandbox) : loadFailure(loaded, target);
      return this.#record(end, beganAtMs, samples);
    } catch (error) {
      await discard(sandbox);
      throw error;
    }
  }

  #call(sandbox: Sandbox): Promise<CallEnd> {
    const { target, event, signal } = this.#options;
    return callOnce(sandbox, target, event, signal);
  }

  /** A call that was stopped from outside says nothing about the isolation. */
  #record(end: CallEnd, beganAtMs: number, samples: Samples): boolean {
    this.#options.signal.throwIfAborted();
    if (end.failure === null) {
      samples.add({ ms: end.repliedAtMs - beganAtMs, cpuMs: end.usage.cpuMs, maxMemoryMib: end.usage.maxMemoryMib });
      this.#failuresInRow = 0;
    } else {
      samples.failed++;
      this.#failuresInRow++;
      this.result.failure ??= end.failure;
    }
    this.#summarise();
    this.#options.onCall();
    return end.failure === null;
  }

  async #dropKept(): Promise<void> {
    const sandbox = this.#kept;
    this.#kept = null;
    if (sandbox !== null) await discard(sandbox);
  }

  #end(state: ComparedIsolation['state'], reason: string | null): void {
    Object.assign(this.result, { state, reason });
  }

  #summarise(): void {
    this.result.starts = [this.#cold, this.#claimed, this.#warm].map((samples) => samples.summary());
  }
}

/** A removal that fails is tried again and told by the guard; the comparison goes on. */
async function discard(sandbox: Sandbox): Promise<void> {
  await sandbox.destroy('compared').catch(() => undefined);
}
