import type { Outcome } from './names.ts';

/** What counts as failed, everywhere: lists, charts, rates, groups of errors, Prometheus. The user's code did not do its work. */
export const FAILED_OUTCOMES = ['error', 'timeout', 'oom', 'crashed'] as const satisfies readonly Outcome[];

/** `cancelled` was asked for, and `throttled` and `rejected` never ran: none of them is a failure of the function. */
export function isFailed(outcome: Outcome): boolean {
  return (FAILED_OUTCOMES as readonly Outcome[]).includes(outcome);
}

/** Whether an attempt of this outcome began; a rate of failures is a share of these. */
export function hasRun(outcome: Outcome): boolean {
  return outcome !== 'throttled' && outcome !== 'rejected';
}

/** Share of the attempts that ran, 0 to 1 with four decimals; null when none ran. */
export function failureRate(failed: number, ran: number): number | null {
  return ran === 0 ? null : Math.round((failed / ran) * 10_000) / 10_000;
}

/** What a list is narrowed to: one outcome, or `failed` for all that count as failed. */
export type OutcomeFilter = Outcome | 'failed';

export function matchesOutcome(outcome: Outcome | null, filter: OutcomeFilter): boolean {
  if (outcome === null) return false;
  return filter === 'failed' ? isFailed(outcome) : outcome === filter;
}
