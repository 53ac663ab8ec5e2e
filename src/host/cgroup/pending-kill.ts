import { readFileSync } from 'node:fs';

/** Reading one costs some 15 microseconds, on the way of a call: enough for the launcher, the shim and a few children. */
const LOOKED_AT_MAX = 16;
/** Bit 8 of a signal set is signal 9. Or the first thread is dead already and the others are frozen half-way. */
const IS_KILLED = /^(?:State:\tZ|(?:SigPnd|ShdPnd):\t[0-9a-f]*[13579bdf][0-9a-f]{2}$)/m;

/** Whether one of the processes has been killed and only does not know it yet, because it is frozen. */
export function hasPendingKill(pids: readonly number[]): boolean {
  return pids.slice(0, LOOKED_AT_MAX).some((pid) => {
    try {
      return IS_KILLED.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
    } catch {
      // It ended before the freeze took hold: nothing is pending for it.
      return false;
    }
  });
}
