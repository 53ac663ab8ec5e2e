import type { AsyncSettings } from './async-settings.ts';
import { LIMITS } from './limits.ts';

/** An asynchronous attempt that failed by its own fault. Throttles, drains and lost servers are no failures. */
export interface FailedAttempt {
  /** Failures of this event so far, this one included. */
  failures: number;
  /** Milliseconds since 1970, by the queue's clock. */
  nowMs: number;
  /** From here on the event is not run: when it was accepted (or redriven) plus maxAgeMs. */
  expiresMs: number;
  /** The error's type as the function or the platform named it; null when the failure has none. */
  errorType: string | null;
  /** From 0 up to, not including, 1: what spreads retries that failed together. */
  random: number;
}

export type AfterFailure =
  | { kind: 'retry'; dueMs: number }
  /** `expired`: another attempt is left, but the event would be too old for it. */
  | { kind: 'dead'; reason: 'exhausted' | 'not_retryable' | 'expired' };

/** A wait is shortened by at most this share of it, so that it never exceeds what the settings say. */
const JITTER_SHARE = 0.2;

/** What follows a failed attempt. An event that could not run again before it expires is dead at once, and nobody waits for it. */
export function afterFailure(
  settings: Pick<AsyncSettings, 'maxAttempts' | 'backoffMs' | 'nonRetryable'>,
  { failures, nowMs, expiresMs, errorType, random }: FailedAttempt,
): AfterFailure {
  if (errorType !== null && settings.nonRetryable.includes(errorType)) return { kind: 'dead', reason: 'not_retryable' };
  if (failures >= settings.maxAttempts) return { kind: 'dead', reason: 'exhausted' };
  const dueMs = nowMs + retryWaitMs(settings.backoffMs, failures, random);
  return dueMs >= expiresMs ? { kind: 'dead', reason: 'expired' } : { kind: 'retry', dueMs };
}

/** Whole milliseconds between failure number `failures` (from 1) and the next attempt. */
export function retryWaitMs(backoffMs: number, failures: number, random: number): number {
  const wholeMs = Math.min(backoffMs * 2 ** (failures - 1), LIMITS.async.backoffMs.max);
  return Math.ceil(wholeMs * (1 - JITTER_SHARE * random));
}
