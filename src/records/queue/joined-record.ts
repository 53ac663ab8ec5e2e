import type { InvocationRecord } from '../../domain/invocation.ts';

/** What `newer` says of an invocation, with the attempts and bodies that only `older` knows. */
export function joined(newer: InvocationRecord, older: InvocationRecord): InvocationRecord {
  const numbers = new Set(newer.attempts.map(({ number }) => number));
  const attempts = [...newer.attempts, ...older.attempts.filter(({ number }) => !numbers.has(number))];
  attempts.sort((a, b) => a.number - b.number);
  return { ...newer, event: newer.event ?? older.event, result: newer.result ?? older.result, attempts };
}

/** Whether earlier attempts of `record` may be stored elsewhere. The invocation of a waiting caller has none. */
export function hasEarlier({ mode, attempts }: InvocationRecord): boolean {
  return mode === 'async' && attempts[0]?.number !== 1;
}

/** Number of the newest ended attempt; 0 when there is none. */
export function newestNumber({ attempts }: InvocationRecord): number {
  return attempts.at(-1)?.number ?? 0;
}
