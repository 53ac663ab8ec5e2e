import type { Box } from '../../../contract/driver.ts';
import type { Usage } from '../../../domain/invocation.ts';

/** A peak this near to the limit may have been cut off by a kill. */
const NEAR_LIMIT = 0.95;

/** Tells whether the kernel has killed for memory inside a box since its code was loaded. Asked only where it may have: asking is a walk. */
export class MemoryWatch {
  readonly #box: Box;
  readonly #limitMib: number;
  #killsAtLoad = 0;

  /** `memoryMib` is what the function asked for; the kernel's own limit may be another. */
  constructor(box: Box, memoryMib: number) {
    this.#box = box;
    this.#limitMib = box.memoryLimitMib ?? memoryMib;
  }

  loaded(): void {
    this.#killsAtLoad = this.#kills();
  }

  /** A peak that cannot be told may be anything. */
  hasKilled({ maxMemoryMib }: Usage): boolean {
    const mayHave = maxMemoryMib === null || maxMemoryMib >= this.#limitMib * NEAR_LIMIT;
    return mayHave && this.#kills() > this.#killsAtLoad;
  }

  #kills(): number {
    return this.#box.oomKills?.() ?? 0;
  }
}
