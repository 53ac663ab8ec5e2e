import type { HostContext } from '../contract/host-context.ts';
import type { RuntimeImages } from '../images/runtime-images.ts';
import type { DriverRegistry } from './isolation-registry.ts';

/** A registry or mirror that was briefly away is back by then. */
const RETRY_FIRST_MS = 15_000;
/** However long it fails: a try costs a pull that fails at once, or the unpacking of some packages. */
const RETRY_MAX_MS = 10 * 60_000;

export interface PrepareImagesOptions {
  registry: Pick<DriverRegistry, 'report' | 'refresh' | 'onChange'>;
  images: Pick<RuntimeImages, 'prepareImages' | 'failure'>;
  log: HostContext['log'];
  signal: AbortSignal;
  /** For tests; default 15 s, doubling to 10 minutes. */
  retryFirstMs?: number;
}

/** What `/platform` says while images are missing and nothing is under way. */
export interface WaitingForRetry {
  reason: string;
  retryAt: string;
}

/**
 * Makes what Docker still lacks: now where it answers, else as soon as a probe finds that it does, one preparation at a time.
 * A failed one is tried again after a pause that doubles, and at once when Docker's state changes. Nothing is tried once the
 * signal has aborted.
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

  /** The failure behind the coming retry; null while one runs, after success and before the first. */
  get waiting(): WaitingForRetry | null {
    return this.#waiting;
  }

  /** One preparation; resolves when it has succeeded, failed, or was not called for. */
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
    // Listeners of the refresh come back here: they must find this one still running.
    if (!signal.aborted) await registry.refresh();
    this.#isRunning = false;
  }

  /** After a failure the probe says `restricted`, whose end the timer alone looks for. */
  #isWanted(): boolean {
    const { registry, images } = this.#options;
    const state = registry.report().find(({ driver }) => driver.isolation === 'docker')?.probe?.state;
    if (state === 'restricted') return images.failure !== null && this.#timer === null;
    return state === 'preparing' || state === 'usable';
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
