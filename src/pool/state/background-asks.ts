import type { AcquireResult } from '../types.ts';

/** Somebody who has work that may wait: events of the durable queue. Answered once, or withdrawn. */
export interface BackgroundAsk {
  readonly askedAtMs: number;
  readonly onResult: (result: AcquireResult) => void;
}

/**
 * The slots of one revision that are asked for in the background. They are no line: nobody waits for an answer here, so they
 * have no deadline, count for no bound on callers, and are served only when no caller of the function waits.
 */
export class BackgroundAsks {
  readonly #asks = new Set<BackgroundAsk>();

  get size(): number {
    return this.#asks.size;
  }

  add(ask: BackgroundAsk): void {
    this.#asks.add(ask);
  }

  /** False when it was answered already. */
  withdraw(ask: BackgroundAsk): boolean {
    return this.#asks.delete(ask);
  }

  /** The oldest, out of the set: whoever takes it answers it. Null when there is none. */
  take(): BackgroundAsk | null {
    for (const ask of this.#asks) {
      this.#asks.delete(ask);
      return ask;
    }
    return null;
  }

  answerAll(result: (queueMs: number) => AcquireResult): void {
    const nowMs = performance.now();
    for (let ask = this.take(); ask !== null; ask = this.take()) ask.onResult(result(nowMs - ask.askedAtMs));
  }
}
