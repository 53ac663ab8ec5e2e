import type { StuckSandbox } from '../../../contract/guarded-driver.ts';
import type { Leftover } from '../../../contract/sandbox-error.ts';
import type { GuardOptions } from '../guard-options.ts';
import { beforeDeadline } from './before-deadline.ts';

/**
 * Longest wait between two tries. A try costs processes and a round trip to a daemon. The bound on all memory keeps the
 * stuck sandboxes of a host to a few hundred, so at this pace they cost a few tries a second at the worst.
 */
const RETRY_MAX_MS = 60_000;
/**
 * A box that died by itself is removed this much later. Taking a container down costs as much CPU as starting its
 * replacement, and a caller waits for the replacement.
 */
const AFTER_DEATH_MS = 200;

/**
 * Removes one box, again and again with growing waits until nothing of it is left. It never gives up: a mount that is busy today
 * may be free tomorrow, and until then the box keeps its uid and its place in the memory sum.
 */
export class BoxRemoval {
  readonly #box: Leftover;
  readonly #limitMib: number;
  readonly #options: Required<GuardOptions>;
  /** Resolves when nothing of the box is left. */
  readonly gone: Promise<void>;
  readonly #onGone: (reason: string, failedTries: number) => void;
  #reason = '';
  #tries = 0;
  #failure: { error: Error; sinceMs: number } | null = null;
  #retry: NodeJS.Timeout | null = null;
  #endPause: (() => void) | null = null;
  #running: Promise<Error | null> | null = null;
  #isGone = false;
  #isLast = false;

  /** `limitMib`: what the box may hold of the host's memory until it is gone. */
  constructor(
    box: Leftover,
    limitMib: number,
    options: Required<GuardOptions>,
    onGone: (reason: string, failedTries: number) => void,
  ) {
    this.#box = box;
    this.#limitMib = limitMib;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    this.#onGone = (reason, failedTries) => {
      onGone(reason, failedTries);
      resolve();
    };
  }

  /** Null before a try has failed, and again when the box is gone. */
  get stuck(): StuckSandbox | null {
    if (this.#failure === null) return null;
    const { error, sinceMs } = this.#failure;
    return {
      sandboxId: this.#box.id,
      limitMib: this.#limitMib,
      tries: this.#tries,
      sinceMs,
      reason: error.message,
    };
  }

  /**
   * Resolves after the first try, whether the box is gone or not. A failure is told as an event and tried again later.
   * Never rejects. Nothing runs in a box that `hasDied`, so its removal can wait until its replacement has been served.
   */
  async begin(reason: string, hasDied = false): Promise<void> {
    this.#reason = reason;
    if (hasDied) await this.#pause();
    await this.#try();
  }

  /** At stop: makes one more try now and none later. Resolves with the failure, or with null when the box is gone. */
  async lastTry(): Promise<Error | null> {
    if (this.#running !== null) await this.#running;
    this.#isLast = true;
    this.#endPause?.();
    return this.#try();
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#endPause = resolve;
      this.#retry = setTimeout(resolve, AFTER_DEATH_MS);
    });
    this.#endPause = null;
    this.#clearRetry();
  }

  async #try(): Promise<Error | null> {
    this.#running ??= this.#destroy();
    return this.#running;
  }

  async #destroy(): Promise<Error | null> {
    if (this.#isGone) return null;
    this.#clearRetry();
    this.#tries += 1;
    try {
      const { destroyDeadlineMs } = this.#options;
      await beforeDeadline('removal of a sandbox', destroyDeadlineMs, [], (signal) => this.#box.destroy(signal));
      this.#isGone = true;
      this.#failure = null;
      this.#onGone(this.#reason, this.#tries - 1);
      return null;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.#failure = { error, sinceMs: this.#failure?.sinceMs ?? Date.now() };
      this.#options.onEvent({ kind: 'destroyFailed', sandboxId: this.#box.id, attempt: this.#tries, error });
      if (!this.#isLast) this.#scheduleRetry();
      return error;
    } finally {
      this.#running = null;
    }
  }

  #scheduleRetry(): void {
    const waitMs = Math.min(RETRY_MAX_MS, this.#options.destroyRetryMs * 2 ** (this.#tries - 1));
    this.#retry = setTimeout(() => void this.#try(), waitMs);
    this.#retry.unref();
  }

  #clearRetry(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }
}
