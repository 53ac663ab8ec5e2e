import { ColdframeError } from '../../errors/coldframe-error.ts';

export interface CheckerPlacesOptions {
  /** How many may run at once. */
  atOnceMax: number;
  /** How many may wait for a place. */
  waitingMax: number;
  /** How long one of them waits. */
  waitMs: number;
}

/** Bounds how many checkers run at once, first come, first served. Whoever finds the queue full, or waits too long, is refused. */
export class CheckerPlaces {
  readonly #options: CheckerPlacesOptions;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(options: CheckerPlacesOptions) {
    this.#options = options;
  }

  /** Runs `work` in a place of its own. Rejects with `overloaded`, with the signal's reason while it waits, or as `work` does. */
  async hold<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#taken--;
    }
  }

  async #enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { atOnceMax, waitingMax, waitMs } = this.#options;
    if (this.#taken < atOnceMax) {
      this.#taken++;
      return;
    }
    if (this.#waiting.length >= waitingMax) throw busy();
    const turn = Promise.withResolvers<void>();
    const leave = (reason: unknown) => {
      const at = this.#waiting.indexOf(turn.resolve);
      if (at !== -1) this.#waiting.splice(at, 1);
      turn.reject(reason);
    };
    const onAbort = () => leave(signal?.reason);
    const timer = setTimeout(() => leave(busy()), waitMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(turn.resolve);
    try {
      await turn.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

function busy(): ColdframeError {
  return new ColdframeError('overloaded', {
    publicMessage: 'The server is checking the code of as many deploys as it does at once. Try again.',
  });
}
