import { readFileSync } from 'node:fs';

/** The least that POSIX promises every process, for hosts that do not tell their limit. */
const FALLBACK = 1_024;
/** Covers databases, logs, the daemon, and six descriptors for each of a few dozen sandboxes. */
const RESERVED = 256;

/** How many descriptors this process may open (Node raises the soft limit to the hard one at its start). */
export function descriptorLimit(readLimits: () => string = () => readFileSync('/proc/self/limits', 'utf8')): number {
  try {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readLimits())?.[1]);
    return Number.isInteger(limit) ? limit : FALLBACK;
  } catch {
    return FALLBACK;
  }
}

/** Connections one of the two listeners may hold: a third of what is left; sandboxes and the rest of the server have a third. */
export function connectionsMax(limit: number = descriptorLimit()): number {
  return Math.max(32, Math.floor((limit - RESERVED) / 3));
}
