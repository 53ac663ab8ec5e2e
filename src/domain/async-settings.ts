import { LIMITS } from './limits.ts';

/** Where the record of an ended asynchronous invocation goes: another function, or an address. */
export type Destination =
  /** `name` or `name:qualifier`, in the same workspace. */
  | { function: string }
  /** An absolute http or https address. */
  | { url: string };

/** What becomes of a function's asynchronous invocations. Belongs to the function, not to a revision. */
export interface AsyncSettings {
  /** Runs that may fail before the event is given up: the first run and its retries. */
  maxAttempts: number;
  /** An event older than this is not run again. */
  maxAgeMs: number;
  /** Wait before the first retry; each later wait is twice the one before, up to `LIMITS.async.backoffMs.max`. */
  backoffMs: number;
  /** Asynchronous calls at once; absent: nine tenths of the function's maxConcurrency. */
  maxConcurrency?: number;
  /** Failures with one of these error types are not retried. */
  nonRetryable: string[];
  /** Absent: nothing is sent. */
  onSuccess?: Destination;
  /** Absent: nothing is sent. */
  onFailure?: Destination;
}

export function defaultAsyncSettings(): AsyncSettings {
  const { maxAttempts, maxAgeMs, backoffMs } = LIMITS.async;
  return {
    maxAttempts: maxAttempts.default,
    maxAgeMs: maxAgeMs.default,
    backoffMs: backoffMs.default,
    nonRetryable: [],
  };
}

/**
 * How many calls of a function may be asynchronous at once. A tenth is left to callers who wait for a reply; a function that
 * runs at all has at least one for its events.
 */
export function asyncConcurrency({ maxConcurrency: asked }: AsyncSettings, maxConcurrency: number): number {
  if (maxConcurrency === 0) return 0;
  return Math.min(asked ?? Math.max(1, Math.floor(maxConcurrency * 0.9)), maxConcurrency);
}
