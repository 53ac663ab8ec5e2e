import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;

/**
 * For tests: what this host does to any process just now, as the worst delay of this one's own timers. A promise in wall-clock
 * time is measured against it: a core that other programs hold is not the server's doing.
 */
export class HostLag {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  /** Ends the measurement. Milliseconds; 0 when nothing was late. */
  stop(): number {
    this.#delay.disable();
    return this.#delay.max / 1e6;
  }
}
