import type { AcquireResult, Lease, Pool } from '../../pool/types.ts';

/**
 * A real pool whose next leases are of sandboxes that die between the hand-out and the dispatch, so that not a byte can be
 * written to them.
 */
export class DyingPool implements Pool {
  /** Leases still to lose their sandbox on the way. */
  deaths = 0;
  /** Runs as soon as such a death is known: after the sandbox's reply, before its settling. */
  onDeath: (() => void) | null = null;
  readonly #pool: Pool;
  readonly #kill: (sandboxId: string) => void;

  constructor(pool: Pool, kill: (sandboxId: string) => void) {
    this.#pool = pool;
    this.#kill = kill;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#pool.start(signal);
  }

  acquireWarm(target: Parameters<Pool['acquireWarm']>[0]): Lease | null {
    return this.deaths > 0 ? null : this.#pool.acquireWarm(target);
  }

  acquire(
    target: Parameters<Pool['acquire']>[0],
    options: Parameters<Pool['acquire']>[1],
    onResult: (result: AcquireResult) => void,
  ): void {
    this.#pool.acquire(target, options, (result) => {
      if (result.kind !== 'lease' || this.deaths === 0) {
        onResult(result);
        return;
      }
      this.deaths--;
      const { lease } = result;
      lease.sandbox.onDead(() => this.onDeath?.());
      this.#kill(lease.sandbox.id);
      // The exit is known in the next microtask. Where the closed channel was quicker it is dead already, and no pool lends the dead.
      queueMicrotask(() => {
        if (lease.sandbox.state !== 'dead') {
          onResult(result);
          return;
        }
        lease.release();
        this.#pool.acquire(target, options, onResult);
      });
    });
  }

  setLive(functionId: string, live: Parameters<Pool['setLive']>[1]): void {
    this.#pool.setLive(functionId, live);
  }

  snapshot(): ReturnType<Pool['snapshot']> {
    return this.#pool.snapshot();
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
