import { ATTEMPTS_KEPT, type EndedAttempt } from '../../contract/queue-table.ts';

/** The attempts a row keeps once one more has ended. */
export function keptAttempts(known: readonly EndedAttempt[], ended: EndedAttempt): EndedAttempt[] {
  return [...known, ended].slice(-ATTEMPTS_KEPT);
}
