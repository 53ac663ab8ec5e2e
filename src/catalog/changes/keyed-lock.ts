import { ColdframeError } from '../../errors/coldframe-error.ts';

/** More changes of one thing waiting at once are a client gone wrong; each waiter holds its request in memory. */
const WAITERS_MAX = 64;

/** Runs work of the same key one after another, in the order asked; other keys do not wait. */
export class KeyedLock {
  readonly #lines = new Map<string, { tail: Promise<unknown>; length: number }>();

  /** Resolves or rejects as `work` does. Throws `overloaded` when too many wait. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(key) ?? { tail: Promise.resolve(), length: 0 };
    if (line.length >= WAITERS_MAX) {
      throw new ColdframeError('overloaded', {
        publicMessage: 'Too many changes of this function wait for each other.',
      });
    }
    line.length++;
    this.#lines.set(key, line);
    const result = line.tail.then(work);
    line.tail = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      line.length--;
      if (line.length === 0) this.#lines.delete(key);
    }
  }
}
