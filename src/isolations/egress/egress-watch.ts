import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { Log } from '../../domain/log.ts';
import type { Isolation } from '../../domain/names.ts';
import type { EgressAnswer } from '../isolation-answers.ts';

/**
 * Proves that sandboxes of a driver with egress reach nothing they must not reach. Never rejects. `fresh` proves it
 * again.
 */
export type ProveEgress = (driver: GuardedDriver, options: { fresh: boolean }) => Promise<EgressAnswer>;

/** A failed proof is tried again at the first deploy after this long, because rules, tools and a busy host change. */
const AGAIN_MS = 10_000;

/** How many newer proofs may replace the one that somebody waits for; probes are seconds apart. */
const ROUNDS_MAX = 4;

interface Watched {
  asked: Promise<EgressAnswer>;
  answer: EgressAnswer | null;
  askedAtMs: number;
}

/**
 * For which drivers egress is proven. The first deploy that wants egress asks, because a proof costs two sandboxes. The
 * answer is kept.
 */
export class EgressWatch {
  readonly #prove: ProveEgress | undefined;
  readonly #log: Log;
  readonly #watched = new Map<Isolation, Watched>();

  constructor(options: { prove: ProveEgress | undefined; log: Log }) {
    this.#prove = options.prove;
    this.#log = options.log;
  }

  /** A driver was probed again. With `fresh` it is proven anew; the proof of an unusable driver is forgotten. */
  follow(driver: GuardedDriver, options: { isUsable: boolean; fresh: boolean }): void {
    if (!options.isUsable) this.#watched.delete(driver.isolation);
    else if (options.fresh && this.#watched.has(driver.isolation)) this.#ask(driver, true);
  }

  /** What is known. Null before the first proof has ended, and for drivers that link no sandboxes. */
  answer(isolation: Isolation): EgressAnswer | null {
    return this.#watched.get(isolation)?.answer ?? null;
  }

  /** Starts a proof when nothing is known or the last failure is old. Resolves when the answer is there. */
  async settled(driver: GuardedDriver): Promise<void> {
    const known = this.#watched.get(driver.isolation);
    const isOld = known?.answer?.isProven === false && performance.now() - known.askedAtMs > AGAIN_MS;
    if (known === undefined || isOld) this.#ask(driver, isOld);
    // A probe has meanwhile started a new proof: its answer counts.
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const watched = this.#watched.get(driver.isolation);
      await watched?.asked;
      if (this.#watched.get(driver.isolation) === watched) return;
    }
  }

  #ask(driver: GuardedDriver, fresh: boolean): void {
    if (this.#prove === undefined || !driver.capabilities.egress) return;
    const askedAtMs = performance.now();
    const watched: Watched = { asked: this.#prove(driver, { fresh }), answer: null, askedAtMs };
    this.#watched.set(driver.isolation, watched);
    watched.asked = watched.asked.then((answer) => {
      watched.answer = answer;
      if (!answer.isProven)
        this.#log.info({ isolation: driver.isolation, detail: answer.detail }, 'egress is not available');
      return answer;
    });
  }
}
