const EMPTY = Buffer.alloc(0);

/** Bytes gathered piece by piece in one buffer that grows by doubling: a million pieces of one byte cost no more than their sum. */
export class GrowingBytes {
  #room: Buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies the piece behind what is there. Whoever adds keeps the bound. */
  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#room.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#room.length));
      this.#room.copy(grown, 0, 0, this.#length);
      this.#room = grown;
    }
    this.#room.set(piece, this.#length);
    this.#length = length;
  }

  /** A view on what is there, valid until the next `add`. */
  view(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** Hands the bytes over and begins anew with nothing. */
  take(): Buffer {
    const taken = this.view();
    this.#room = EMPTY;
    this.#length = 0;
    return taken;
  }
}
