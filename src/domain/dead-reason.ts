/** Why an asynchronous invocation was given up. */
export const DEAD_REASONS = ['exhausted', 'not_retryable', 'expired', 'lost', 'loop', 'queue_full'] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];
