/** Work that can be given up. */
export interface Droppable {
  drop(): void;
}

/**
 * A bounded number of pieces of work, shared by those who ask for it. Nobody has more than `eachMax`. Where all places are taken, a
 * newcomer takes the oldest of whoever has most, unless it would then have as many itself: so a few who ask for much can fill the
 * places and cannot keep them from others.
 */
export class AskerShares {
  readonly #totalMax: number;
  readonly #eachMax: number;
  /** In the order of their coming; nobody is here with nothing. */
  readonly #work = new Map<string, Set<Droppable>>();
  #total = 0;

  constructor({ totalMax, eachMax }: { totalMax: number; eachMax: number }) {
    this.#totalMax = totalMax;
    this.#eachMax = eachMax;
  }

  get total(): number {
    return this.#total;
  }

  /** False: there is no place for it. May drop another's work; `release` must follow a true, also after a drop. */
  admit(asker: string, work: Droppable): boolean {
    const own = this.#work.get(asker);
    const count = own?.size ?? 0;
    if (count >= this.#eachMax) return false;
    if (this.#total >= this.#totalMax && !this.#takeFromLargest(count)) return false;
    if (own === undefined) this.#work.set(asker, new Set([work]));
    else own.add(work);
    this.#total += 1;
    return true;
  }

  /** The work is over; safe to repeat, and for what was dropped or never admitted. */
  release(asker: string, work: Droppable): void {
    const own = this.#work.get(asker);
    if (own === undefined || !own.delete(work)) return;
    this.#total -= 1;
    if (own.size === 0) this.#work.delete(asker);
  }

  dropAll(): void {
    for (const [asker, own] of this.#work) for (const work of own) this.#drop(asker, work);
  }

  #takeFromLargest(count: number): boolean {
    let largest: [string, Set<Droppable>] | null = null;
    for (const entry of this.#work) {
      if (largest === null || entry[1].size > largest[1].size) largest = entry;
    }
    if (largest === null || largest[1].size <= count + 1) return false;
    const [asker, own] = largest;
    for (const oldest of own) {
      this.#drop(asker, oldest);
      break;
    }
    return true;
  }

  #drop(asker: string, work: Droppable): void {
    this.release(asker, work);
    work.drop();
  }
}
