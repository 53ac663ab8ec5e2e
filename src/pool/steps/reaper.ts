import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { Log } from '../../domain/log.ts';

/** I5 promises a clean host 10 s after a restart: two tries fit with time to spare, more follow for a slow daemon. */
const REAP_DEADLINE_MS = 4_000;
const REAP_ATTEMPTS_MAX = 5;
const REAP_RETRY_MS = 500;

/**
 * Removes what earlier lives of this instance left behind, through every driver, usable or not: leftovers of a Docker that is
 * stopped now are reaped when it comes back (`again`). Nothing is adopted, see docs/decisions/0005-pool.md. It never holds up
 * the start: new sandboxes carry the new epoch, so the two cannot meet.
 */
export class Reaper {
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #unreaped: Set<GuardedDriver>;
  readonly #running = new Set<GuardedDriver>();
  readonly #runs = new Set<Promise<void>>();

  constructor(drivers: readonly GuardedDriver[], log: Log, signal: AbortSignal) {
    this.#unreaped = new Set(drivers);
    this.#log = log;
    this.#signal = signal;
  }

  /** Starts a run for every driver not reaped yet; call it at start and whenever a driver becomes usable. */
  again(): void {
    for (const driver of this.#unreaped) {
      if (this.#running.has(driver) || this.#signal.aborted) continue;
      this.#running.add(driver);
      const run = this.#reap(driver).finally(() => {
        this.#running.delete(driver);
        this.#runs.delete(run);
      });
      this.#runs.add(run);
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#runs);
  }

  async #reap(driver: GuardedDriver): Promise<void> {
    let lastError: unknown = null;
    for (let attempt = 1; attempt <= REAP_ATTEMPTS_MAX && !this.#signal.aborted; attempt++) {
      try {
        const count = await driver.reap(AbortSignal.any([this.#signal, AbortSignal.timeout(REAP_DEADLINE_MS)]));
        this.#unreaped.delete(driver);
        if (count > 0) this.#log.info({ driver: driver.name, count }, 'removed what an earlier start left behind');
        return;
      } catch (error) {
        lastError = error;
        await this.#pause(REAP_RETRY_MS * attempt);
      }
    }
    if (this.#signal.aborted) return;
    this.#log.warn({ driver: driver.name, err: lastError }, 'leftovers of an earlier start could not be removed yet');
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#signal.addEventListener('abort', done);
    });
  }
}
