import { type Ipv4Block, ipv4Text } from '../../domain/egress-allow.ts';

/** Addresses that no sandbox gets: the network's own, the gateway's, and broadcast's. */
const FIRST = 2;

/**
 * Addresses of one subnet. Each is used again as late as possible, since the host remembers old connections for a
 * while.
 */
export class AddressPool {
  readonly #block: Ipv4Block;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #next = FIRST;

  constructor(block: Ipv4Block) {
    this.#block = block;
    this.#count = 2 ** (32 - block.bits) - 1;
  }

  get gateway(): string {
    return ipv4Text(this.#block.first + 1);
  }

  /** Null when all addresses are taken. */
  acquire(): { index: number; address: string } | null {
    for (let tried = FIRST; tried < this.#count; tried++) {
      const index = this.#next;
      this.#next = index + 1 < this.#count ? index + 1 : FIRST;
      if (this.#taken.has(index)) continue;
      this.#taken.add(index);
      return { index, address: ipv4Text(this.#block.first + index) };
    }
    return null;
  }

  release(index: number): void {
    this.#taken.delete(index);
  }
}
