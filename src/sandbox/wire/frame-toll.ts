import { FRAME } from './frame-type.ts';

/** What the smallest frame costs: about the work of one frame in the work of copying bytes. */
export const FRAME_CHARGE_BYTES = 1024;
/** 16,384 of the smallest frames a second, far above what an honest program logs, and below a tenth of the serving thread. */
export const TOLL_BYTES_PER_SECOND = 16 * 1024 * 1024;
/** 1,024 of the smallest frames: what one sandbox may bring in one turn of the event loop, a few milliseconds of work. */
export const TOLL_BURST_BYTES = 1024 * 1024;
/** Who is throttled waits until this much is there, so that a timer is worth its cost: 64 of the smallest frames, 4 ms. */
const SLICE_BYTES = 64 * 1024;
/** So many throttled sandboxes have the full rate each; more of them share what these have, so that their sum is bounded too. */
export const FULL_RATES_MAX = 4;

/** All tolls of this process that wait just now: the thread they are a share of is one, too. */
let waitingCount = 0;

/**
 * The price of what a sandbox may send without being asked: a token bucket in bytes, with a least charge for each frame. Admitting
 * is a subtraction and a comparison; the clock is read when the bucket is empty, so that up to two bursts may pass between two
 * readings. A frame larger than what is left is let in and leaves a debt.
 */
export class FrameToll {
  readonly #now: () => number;
  #leftBytes = TOLL_BURST_BYTES;
  #readAtMs: number;
  #isWaiting = false;

  /** `now` is monotonic milliseconds; only tests give another clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#readAtMs = now();
  }

  /**
   * False: it must wait `waitMs` and ask again. The body of a chunk costs nothing, since credit bounds it and whoever reads the stream
   * sets its pace; its meta does.
   */
  admits(type: number, metaBytes: number, bodyBytes: number): boolean {
    if (this.#leftBytes <= 0) {
      this.#refill();
      if (this.#leftBytes <= 0) return false;
    }
    this.#leftBytes -= FRAME_CHARGE_BYTES + metaBytes + (type === FRAME.chunk ? 0 : bodyBytes);
    return true;
  }

  /** Milliseconds until it is worth asking again. */
  get waitMs(): number {
    return Math.ceil(((SLICE_BYTES - this.#leftBytes) * 1000) / this.#rate());
  }

  /** Whether its sandbox waits now; those that do share the rate. */
  set isWaiting(isWaiting: boolean) {
    if (this.#isWaiting === isWaiting) return;
    this.#isWaiting = isWaiting;
    waitingCount += isWaiting ? 1 : -1;
  }

  #rate(): number {
    return (TOLL_BYTES_PER_SECOND * FULL_RATES_MAX) / Math.max(FULL_RATES_MAX, waitingCount);
  }

  #refill(): void {
    const nowMs = this.#now();
    const earned = ((nowMs - this.#readAtMs) * this.#rate()) / 1000;
    this.#leftBytes = Math.min(TOLL_BURST_BYTES, this.#leftBytes + earned);
    this.#readAtMs = nowMs;
  }
}
