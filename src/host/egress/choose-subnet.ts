import { type Ipv4Block, overlaps } from '../../domain/egress-allow.ts';

/** Sandboxes of one instance at most; each takes an address. */
export const SUBNET_BITS = 20;
/** 10.208.0.0/12: seldom used, and refused to functions like all private ranges. */
const RANGE: Ipv4Block = { first: 0x0ad0_0000, bits: 12 };
const CANDIDATES = 2 ** (SUBNET_BITS - RANGE.bits);

/**
 * The first free block at or behind the one that `seed` points at. So instances start apart, and each finds its own
 * block again. Null when all are taken.
 */
export function chooseSubnet(seed: number, taken: readonly Ipv4Block[]): Ipv4Block | null {
  for (let step = 0; step < CANDIDATES; step++) {
    const at = (seed + step) % CANDIDATES;
    const block = { first: RANGE.first + at * 2 ** (32 - SUBNET_BITS), bits: SUBNET_BITS };
    if (!taken.some((one) => overlaps(one, block))) return block;
  }
  return null;
}
