import { writeFileSync } from 'node:fs';

/** Near the end of the kernel's kill list, but still on it: a server that leaks must be killable. */
const SCORE_ADJ = -900;

/**
 * Makes the server the last process to be killed when the host runs out of memory. Returns false when that is not
 * permitted.
 */
export function protectFromOom(): boolean {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(SCORE_ADJ));
    return true;
  } catch {
    return false;
  }
}
