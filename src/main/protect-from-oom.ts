import { writeFileSync } from 'node:fs';

/** Near the end of the kernel's list, but not off it: a server that leaks must still be killable. */
const SCORE_ADJ = -900;

/** Makes the server the last to be killed when the host runs out of memory; false where that is not permitted. */
export function protectFromOom(): boolean {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(SCORE_ADJ));
    return true;
  } catch {
    return false;
  }
}
