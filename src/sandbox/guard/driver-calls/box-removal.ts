import type { Box } from '../../../contract/driver.ts';
import type { GuardOptions } from '../guard-options.ts';
import { beforeDeadline } from './before-deadline.ts';

/** Longest wait between two tries. */
const RETRY_MAX_MS = 30_000;
/**
 * What died by itself is removed this much later: taking a container down costs as much CPU as the start of its replacement, and
 * a caller waits for that one.
 */
const AFTER_DEATH_MS = 200;
/** Tries before it is left for `stop` and the next start's reaper: about an hour of a dead daemon. */
const TRIES_MAX = 120;

/** Removes one box, again and again with growing waits until nothing of it is left. */
export class BoxRemoval {
  readonly #box: Box;
  readonly #options: Required<GuardOptions>;
  readonly #onGone: (reason: string) => void;
  #reason = '';
  #tries = 0;
  #retry: NodeJS.Timeout | null = null;
  #endPause: (() => void) | null = null;
  #running: Promise<Error | null> | null = null;
  #isGone = false;
  #isLast = false;

  constructor(box: Box, options: Required<GuardOptions>, onGone: (reason: string) => void) {
    this.#box = box;
    this.#options = options;
    this.#onGone = onGone;
  }

  /**
   * Resolves after the first try, gone or not; a failure is told as an event and tried again later. Never rejects. Nothing runs in
   * a box that `hasDied`, so its removal can wait until its replacement has been served.
   */
  async begin(reason: string, hasDied = false): Promise<void> {
    this.#reason = reason;
    if (hasDied) await this.#pause();
    await this.#try();
  }

  /** At stop: one more try now and none later; the failure, or null when it is gone. */
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
      this.#onGone(this.#reason);
      return null;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.#options.onEvent({ kind: 'destroyFailed', sandboxId: this.#box.id, attempt: this.#tries, error });
      if (!this.#isLast && this.#tries < TRIES_MAX) this.#scheduleRetry();
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
