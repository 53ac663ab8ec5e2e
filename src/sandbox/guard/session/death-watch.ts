import type { Box, BoxExit } from '../../../contract/driver.ts';

/**
 * How long the second sign of a death is waited for: the cause after the closed channel, or the reverse. A driver that
 * must ask a busy daemon for the exit code gives up after 1 s, so this is longer. If it were shorter, a kill for memory
 * would read as a crash.
 */
const DEATH_CAUSE_WAIT_MS = 1_200;

/**
 * A death has two signs in either order: the channel closes and the box says how it ended. Frames written before the end
 * may still be unread when the exit is known, and an exit (out of memory? which code?) may be known only after the channel
 * closed; so the first sign waits a little for the other.
 */
export class DeathWatch {
  readonly #onDeath: (exit: BoxExit) => void;
  #exit: BoxExit | null = null;
  #isChannelClosed = false;
  #timer: NodeJS.Timeout | null = null;
  #isDone = false;

  constructor(box: Box, onDeath: (exit: BoxExit) => void) {
    this.#onDeath = onDeath;
    box.exited.then((exit) => {
      this.#exit = exit;
      this.#sign();
    });
  }

  /** True when one sign was seen: nothing new should be sent there. */
  get isDying(): boolean {
    return this.#isDone || this.#isChannelClosed || this.#exit !== null;
  }

  channelClosed(): void {
    this.#isChannelClosed = true;
    this.#sign();
  }

  stop(): void {
    this.#isDone = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #sign(): void {
    if (this.#isDone) return;
    if (this.#isChannelClosed && this.#exit !== null) this.#conclude();
    else this.#timer ??= setTimeout(() => this.#conclude(), DEATH_CAUSE_WAIT_MS);
  }

  #conclude(): void {
    this.stop();
    this.#onDeath(this.#exit ?? { cause: 'lost', exitCode: null, signal: null });
  }
}
