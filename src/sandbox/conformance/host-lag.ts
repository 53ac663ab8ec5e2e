import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;

/**
 * For tests: what this host does to any process just now, as the delays of this one's own timers. A promise in wall-clock time is
 * measured against it: a core that other programs hold is not the server's doing.
 */
export class HostLag {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  /** The median so far, in ms: what a process that wants to run waits as a rule. */
  get typicalMs(): number {
    return Math.max(0, this.#delay.percentile(50) / 1e6 - RESOLUTION_MS);
  }

  /** Ends the measurement. The worst, in ms; 0 when nothing was late. */
  stop(): number {
    this.#delay.disable();
    return this.#delay.max / 1e6;
  }
}
