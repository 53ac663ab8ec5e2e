/** Of libuv's four threads: the others stay free for what calls wait for, such as the files of a claimed sandbox. */
const SYNCS_AT_ONCE = 2;

/**
 * Turns for work that keeps a thread waiting for a disk. All packages of the process share them, however many deploys there are at
 * once. What waits is bounded by them: four files or eight folders each.
 */
export class DiskTurns {
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number = SYNCS_AT_ONCE) {
    this.#atOnce = atOnce;
  }

  /** Runs the work when it is its turn, in order; settles as it does. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The turn passes on: it is never free in between.
      if (next) next();
      else this.#running--;
    }
  }
}
