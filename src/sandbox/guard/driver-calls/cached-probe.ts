import type { Driver, ProbeResult } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import { beforeDeadline } from './before-deadline.ts';

/** A probe that ignores its signal is abandoned after this, so that it cannot hold up a stop. */
const STOP_WAIT_MS = 3_000;

const NOTHING: Pick<ProbeResult, 'runtimes' | 'enforced'> = {
  runtimes: [],
  enforced: { memory: false, cpu: false, pids: false, disk: false, network: false },
};

/** A driver's probe, run once and kept. Whatever goes wrong with it is itself an answer; one that misses its deadline is `busy`. */
export class CachedProbe {
  readonly #driver: Driver;
  readonly #deadlineMs: number;
  #last: ProbeResult | null = null;
  #running: Promise<ProbeResult> | null = null;
  readonly #stopping = new AbortController();
  /** Settles together with the driver's own call, which may outlive the deadline. */
  #atDriver: Promise<unknown> = Promise.resolve();

  constructor(driver: Driver, deadlineMs: number) {
    this.#driver = driver;
    this.#deadlineMs = deadlineMs;
  }

  get last(): ProbeResult | null {
    return this.#last;
  }

  async run(isFresh: boolean): Promise<ProbeResult> {
    if (this.#last !== null && !isFresh && this.#running === null) return this.#last;
    this.#running ??= this.#probe();
    return this.#running;
  }

  /** Gives up a probe under way and waits until what it built is gone, so that a stop leaves nothing behind. */
  async stop(): Promise<void> {
    this.#stopping.abort(new SandboxError('draining', `${this.#driver.name} is being stopped`));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, STOP_WAIT_MS);
    await Promise.race([promise, this.#atDriver]);
    clearTimeout(timer);
  }

  /** What sandboxes of it offer and enforce does not change because a trial had no time to end. */
  #known(): Pick<ProbeResult, 'runtimes' | 'enforced'> {
    if (this.#last?.state !== 'usable' && this.#last?.state !== 'busy') return NOTHING;
    const { runtimes, enforced } = this.#last;
    return { runtimes, enforced };
  }

  async #probe(): Promise<ProbeResult> {
    try {
      const probe = await beforeDeadline('the probe', this.#deadlineMs, [this.#stopping.signal], (signal) => {
        const probing = (async () => this.#driver.probe(signal))();
        this.#atDriver = probing.catch(() => {});
        return probing;
      });
      this.#last = probe.state === 'busy' ? { ...probe, ...this.#known() } : probe;
    } catch (error) {
      // An error at the deadline is ours. Any other came out of a driver, which should not throw; its internals stay in
      // the server log.
      const isSlow = error instanceof SandboxError && error.message.startsWith('the probe took');
      this.#last = {
        state: isSlow ? 'busy' : 'restricted',
        detail: isSlow
          ? `The probe did not finish within ${this.#deadlineMs} ms.`
          : `The probe failed: ${reason(error)}`,
        fix: null,
        ...(isSlow ? this.#known() : NOTHING),
        progress: null,
      };
    } finally {
      this.#running = null;
    }
    return this.#last;
  }
}

function reason(error: unknown): string {
  if (error instanceof SandboxError) return error.publicMessage;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'an unexpected error.';
}
