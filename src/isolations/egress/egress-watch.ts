import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { Log } from '../../domain/log.ts';
import type { Isolation } from '../../domain/names.ts';
import type { EgressAnswer } from '../isolation-answers.ts';

/** Proves that sandboxes of a driver with egress reach nothing they must not; never rejects. `fresh` does it again. */
export type ProveEgress = (driver: GuardedDriver, options: { fresh: boolean }) => Promise<EgressAnswer>;

/** A proof that failed is tried again at the first deploy after this long: rules, tools and a busy host change. */
const AGAIN_MS = 10_000;

/** Proofs that may overtake one another while somebody waits; probes are seconds apart. */
const ROUNDS_MAX = 4;

interface Watched {
  asked: Promise<EgressAnswer>;
  answer: EgressAnswer | null;
  askedAtMs: number;
}

/** For which drivers egress is proven: asked at the first deploy that wants it, since a proof costs two sandboxes, and then kept. */
export class EgressWatch {
  readonly #prove: ProveEgress | undefined;
  readonly #log: Log;
  readonly #watched = new Map<Isolation, Watched>();

  constructor(options: { prove: ProveEgress | undefined; log: Log }) {
    this.#prove = options.prove;
    this.#log = options.log;
  }

  /** A driver was probed again: what was proven is proven anew when `fresh`, and forgotten with a driver that is unusable. */
  follow(driver: GuardedDriver, options: { isUsable: boolean; fresh: boolean }): void {
    if (!options.isUsable) this.#watched.delete(driver.isolation);
    else if (options.fresh && this.#watched.has(driver.isolation)) this.#ask(driver, true);
  }

  /** What is known; null before the first proof has ended and for drivers that link no sandboxes. */
  answer(isolation: Isolation): EgressAnswer | null {
    return this.#watched.get(isolation)?.answer ?? null;
  }

  /** Asks where nothing is known or the last failure is old; resolves when the answer is there. */
  async settled(driver: GuardedDriver): Promise<void> {
    const known = this.#watched.get(driver.isolation);
    const isOld = known?.answer?.isProven === false && performance.now() - known.askedAtMs > AGAIN_MS;
    if (known === undefined || isOld) this.#ask(driver, isOld);
    // A probe meanwhile has it proven anew: then that answer counts.
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
