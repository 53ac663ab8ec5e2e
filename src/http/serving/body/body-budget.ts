import { MIB } from '../../../domain/limits.ts';

/** Bodies in flight together (I10): beyond it the server would swap before it refuses. */
export const BODY_BUDGET_BYTES = 256 * MIB;

/** Counts the bytes of bodies the server holds, so that many large ones are refused instead of filling its memory. */
export class BodyBudget {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number = BODY_BUDGET_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** False, and nothing taken, when the bytes do not fit. */
  reserve(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#maxBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** For results: they exist already, so they count even beyond the bound and hold back new events until read. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
