import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../domain/log.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';

const RUN_EVERY_MS = 60_000;
/** Steps of one run. With the pause between them they take at most a tenth of the writer's time. */
const STEPS_PER_RUN_MAX = 500;
const PAUSE_MS = 20;

/** Runs retention every minute, in short steps with pauses, so that batches of records pass between them. */
export class RetentionLoop {
  readonly #store: Pick<TelemetryStore, 'prune'>;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(options: { store: Pick<TelemetryStore, 'prune'>; log: Log }) {
    this.#store = options.store;
    this.#log = options.log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.run(), RUN_EVERY_MS).unref();
  }

  /** Prunes until nothing is left to do or the run's steps are used up. One run at a time; never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Ends after the step under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      for (let step = 0; step < STEPS_PER_RUN_MAX && !this.#isStopped; step++) {
        if ((await this.#store.prune(new Date().toISOString())) === 0) return;
        await delay(PAUSE_MS);
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'retention could not run; it is tried again in a minute');
    }
  }
}
