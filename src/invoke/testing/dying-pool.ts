import type { AcquireResult, Lease, Pool } from '../../pool/types.ts';

/**
 * A real pool whose next leases are of sandboxes that die between the hand-out and the dispatch, so that not a byte can be
 * written to them.
 */
export class DyingPool implements Pool {
  /** Leases still to lose their sandbox on the way. */
  deaths = 0;
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
      this.#kill(result.lease.sandbox.id);
      // The exit is known one microtask later, the closed channel only some turns of the loop after that.
      queueMicrotask(() => queueMicrotask(() => onResult(result)));
    });
  }

  revisionChanged(functionId: string, next: Parameters<Pool['revisionChanged']>[1]): void {
    this.#pool.revisionChanged(functionId, next);
  }

  snapshot(): ReturnType<Pool['snapshot']> {
    return this.#pool.snapshot();
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
