import type { Driver, ProbeResult } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { beforeDeadline } from './before-deadline.ts';

/** A driver's probe, run once and kept; whatever goes wrong is itself an answer. */
export class CachedProbe {
  readonly #driver: Driver;
  readonly #deadlineMs: number;
  #last: ProbeResult | null = null;
  #running: Promise<ProbeResult> | null = null;

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

  async #probe(): Promise<ProbeResult> {
    try {
      this.#last = await beforeDeadline('the probe', this.#deadlineMs, [], async (signal) =>
        this.#driver.probe(signal),
      );
    } catch (error) {
      // Ours is the deadline; anything else came out of a driver that should not throw. Internals stay in the server log.
      const isSlow = error instanceof SandboxError && error.message.startsWith('the probe took');
      this.#last = {
        state: isSlow ? 'not_running' : 'restricted',
        detail: isSlow
          ? `The probe did not finish within ${this.#deadlineMs} ms.`
          : `The probe failed: ${reason(error)}`,
        fix: null,
        runtimes: [],
        enforced: { memory: false, cpu: false, pids: false, disk: false, network: false },
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
