import type { SandboxSpec } from '../../contract/driver.ts';
import type { ClassDesk } from '../state/class-pool.ts';
import { PooledSandbox } from '../state/pooled-sandbox.ts';
import { asError } from '../steps/claim.ts';
import { sandboxSpec } from './sandbox-spec.ts';

export interface MakerHost {
  /** Aborts creates when the pool stops. */
  readonly signal: AbortSignal;
  made(entry: PooledSandbox): void;
  makingFailed(desk: ClassDesk, error: Error, beganAtMs: number): void;
}

/**
 * Makes sandboxes of a class. It makes no promise about whom one is for: that is decided when it is there, so a caller who
 * was served meanwhile wastes no sandbox and a failed create holds nobody up. The guard gives every create its deadline.
 */
export class Maker {
  readonly #labels: SandboxSpec['labels'];
  readonly #host: MakerHost;
  readonly #creating = new Set<Promise<void>>();

  constructor(labels: SandboxSpec['labels'], host: MakerHost) {
    this.#labels = labels;
    this.#host = host;
  }

  create(desk: ClassDesk): void {
    desk.creating++;
    const creating = this.#create(desk).finally(() => this.#creating.delete(creating));
    this.#creating.add(creating);
  }

  /** Resolves when no create is under way; what was made meanwhile has been handed over. */
  async settled(): Promise<void> {
    while (this.#creating.size > 0) await Promise.all(this.#creating);
  }

  async #create(desk: ClassDesk): Promise<void> {
    const beganAtMs = performance.now();
    let entry: PooledSandbox;
    try {
      const sandbox = await desk.driver.create(sandboxSpec(desk.sandboxClass, this.#labels), this.#host.signal);
      entry = new PooledSandbox(sandbox, desk, beganAtMs, performance.now());
    } catch (error) {
      desk.creating--;
      this.#host.makingFailed(desk, asError(error), beganAtMs);
      return;
    }
    desk.creating--;
    this.#host.made(entry);
  }
}
