import type { HostContext } from '../contract/host-context.ts';
import type { RuntimeImages } from '../images/runtime-images.ts';
import type { DriverRegistry } from './isolation-registry.ts';

/** A registry or mirror that was briefly away is back by then. */
const RETRY_FIRST_MS = 15_000;
/**
 * The longest pause, however long it fails. A try costs a pull that fails at once, or the unpacking of some packages.
 */
const RETRY_MAX_MS = 10 * 60_000;

export interface PrepareImagesOptions {
  registry: Pick<DriverRegistry, 'report' | 'refresh' | 'onChange'>;
  images: Pick<RuntimeImages, 'prepareImages' | 'failure'>;
  log: HostContext['log'];
  signal: AbortSignal;
  /** For tests; default 15 s, doubling to 10 minutes. */
  retryFirstMs?: number;
}

/** What `/platform` says while images are missing and no preparation runs. */
export interface WaitingForRetry {
  reason: string;
  retryAt: string;
}

/**
 * Makes what Docker still lacks, one preparation at a time. It starts now if Docker answers, else as soon as a probe
 * finds that it does. A failed preparation is tried again after a pause that doubles, and at once when Docker's state
 * changes. Nothing is tried once the signal has aborted.
 */
export class ImagePreparation {
  readonly #options: PrepareImagesOptions;
  readonly #stopListening: () => void;
  #waitMs: number;
  #isRunning = false;
  #timer: NodeJS.Timeout | null = null;
  #waiting: WaitingForRetry | null = null;

  constructor(options: PrepareImagesOptions) {
    this.#options = options;
    this.#waitMs = options.retryFirstMs ?? RETRY_FIRST_MS;
    this.#stopListening = options.registry.onChange(() => void this.run());
    options.signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  /** The failure behind the coming retry. Null before the first preparation, while one runs, and after a success. */
  get waiting(): WaitingForRetry | null {
    return this.#waiting;
  }

  /** One preparation. Resolves when it has succeeded, has failed, or was not needed. */
  async run(): Promise<void> {
    const { registry, images, log, signal } = this.#options;
    if (this.#isRunning || signal.aborted || !this.#isWanted()) return;
    this.#isRunning = true;
    this.#clear();
    try {
      await images.prepareImages({ signal });
      this.#waitMs = this.#options.retryFirstMs ?? RETRY_FIRST_MS;
    } catch (error) {
      if (!signal.aborted) {
        log.warn({ err: error, retryMs: this.#waitMs }, 'the runtime images could not be prepared');
        this.#retryLater(error instanceof Error ? error.message : String(error));
      }
    }
    // The refresh calls listeners, which come back here. They must find this preparation still running.
    if (!signal.aborted) await registry.refresh();
    this.#isRunning = false;
  }

  /** After a failure the probe says `restricted`. Only the timer looks for the end of that state. */
  #isWanted(): boolean {
    const { registry, images } = this.#options;
    const state = registry.report().find(({ driver }) => driver.isolation === 'docker')?.probe?.state;
    if (state === 'restricted') return images.failure !== null && this.#timer === null;
    return state === 'preparing' || state === 'usable' || state === 'busy';
  }

  #retryLater(reason: string): void {
    this.#waiting = { reason, retryAt: new Date(Date.now() + this.#waitMs).toISOString() };
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.run();
    }, this.#waitMs).unref();
    this.#waitMs = Math.min(2 * this.#waitMs, RETRY_MAX_MS);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
  }

  #stop(): void {
    this.#stopListening();
    this.#clear();
  }
}
