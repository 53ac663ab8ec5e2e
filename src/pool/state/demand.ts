/** Claims fade by half in this time: a burst keeps more of them ready for a minute or two, then memory is given back. */
const HALF_LIFE_MS = 30_000;
/** Of the recent claims, this share is kept ready: the next half minute tends to look like the last, but smaller. */
const READY_SHARE = 0.5;
/** Most that past demand alone may ask for, whatever the burst; the operator's baseline is not capped. */
const LEARNED_READY_MAX = 32;

/** How often a class of sandboxes was claimed lately: one number that fades, so that nothing needs tuning. */
export class Demand {
  #recent = 0;
  #atMs = 0;
  lastClaimMs = Number.NEGATIVE_INFINITY;

  claimed(nowMs: number): void {
    this.#recent = this.#faded(nowMs) + 1;
    this.#atMs = nowMs;
    this.lastClaimMs = nowMs;
  }

  /** How many should be ready on top of the baseline. */
  learnedReady(nowMs: number): number {
    return Math.min(LEARNED_READY_MAX, Math.floor(this.#faded(nowMs) * READY_SHARE));
  }

  #faded(nowMs: number): number {
    return this.#recent * 0.5 ** ((nowMs - this.#atMs) / HALF_LIFE_MS);
  }
}
