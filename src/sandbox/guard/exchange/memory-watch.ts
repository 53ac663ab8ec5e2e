import type { Box } from '../../../contract/driver.ts';
import type { Usage } from '../../../domain/invocation.ts';

/** When a peak is this near to the limit, a kill may have cut it off. */
const NEAR_LIMIT = 0.95;

/**
 * Tells whether the kernel has killed for memory inside a box since its code was loaded. It asks the kernel only when a
 * kill is possible, because asking walks the group.
 */
export class MemoryWatch {
  readonly #box: Box;
  readonly #limitMib: number;
  #killsAtLoad = 0;

  /** `memoryMib` is what the function asked for. The kernel's own limit may differ. */
  constructor(box: Box, memoryMib: number) {
    this.#box = box;
    this.#limitMib = box.memoryLimitMib ?? memoryMib;
  }

  loaded(): void {
    this.#killsAtLoad = this.#kills();
  }

  /** A peak that cannot be read may have been at the limit. */
  hasKilled({ maxMemoryMib }: Usage): boolean {
    const mayHave = maxMemoryMib === null || maxMemoryMib >= this.#limitMib * NEAR_LIMIT;
    return mayHave && this.#kills() > this.#killsAtLoad;
  }

  #kills(): number {
    return this.#box.oomKills?.() ?? 0;
  }
}
