import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asyncConcurrency, defaultAsyncSettings } from './async-settings.ts';
import { LIMITS } from './limits.ts';
import { afterFailure, retryWaitMs } from './retry.ts';

const { maxAttempts, maxAgeMs, backoffMs } = LIMITS.async;
const settings = fc.record({
  maxAttempts: fc.integer({ min: maxAttempts.min, max: maxAttempts.max }),
  maxAgeMs: fc.integer({ min: maxAgeMs.min, max: maxAgeMs.max }),
  backoffMs: fc.integer({ min: backoffMs.min, max: backoffMs.max }),
  nonRetryable: fc.constant([] as string[]),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('an event that always fails runs at most maxAttempts times, never after its age, and then is dead', () => {
  fc.assert(
    fc.property(settings, fc.array(random, { minLength: 12, maxLength: 12 }), (policy, randoms) => {
      const acceptedMs = 1_700_000_000_000;
      let nowMs = acceptedMs;
      for (let failures = 1; ; failures += 1) {
        expect(nowMs).toBeLessThan(acceptedMs + policy.maxAgeMs);
        expect(failures).toBeLessThanOrEqual(policy.maxAttempts);
        const next = afterFailure(policy, {
          failures,
          nowMs,
          expiresMs: acceptedMs + policy.maxAgeMs,
          errorType: 'Error',
          random: randoms[failures] ?? 0,
        });
        if (next.kind === 'dead') {
          expect(next.reason).toBe(failures === policy.maxAttempts ? 'exhausted' : 'expired');
          return;
        }
        expect(next.dueMs).toBeGreaterThan(nowMs);
        nowMs = next.dueMs;
      }
    }),
  );
});

test('a wait doubles with each failure up to an hour, and jitter takes at most a fifth of it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: backoffMs.min, max: backoffMs.max }),
      fc.integer({ min: 1, max: maxAttempts.max }),
      random,
      (waitMs, failures, share) => {
        const wholeMs = Math.min(waitMs * 2 ** (failures - 1), 3_600_000);
        const jitteredMs = retryWaitMs(waitMs, failures, share);
        expect(Number.isInteger(jitteredMs)).toBe(true);
        expect(jitteredMs).toBeLessThanOrEqual(wholeMs);
        expect(jitteredMs).toBeGreaterThanOrEqual(wholeMs * 0.8);
        expect(retryWaitMs(waitMs, failures, 0)).toBe(wholeMs);
      },
    ),
  );
});

test('by default an event is tried at once, after a minute and after two more', () => {
  const at = (failures: number) =>
    afterFailure(defaultAsyncSettings(), { failures, nowMs: 0, expiresMs: 21_600_000, errorType: null, random: 0 });
  expect(at(1)).toEqual({ kind: 'retry', dueMs: 60_000 });
  expect(at(2)).toEqual({ kind: 'retry', dueMs: 120_000 });
  expect(at(3)).toEqual({ kind: 'dead', reason: 'exhausted' });
});

test('a failure that the function names not retryable ends the event at its first attempt', () => {
  const policy = { ...defaultAsyncSettings(), nonRetryable: ['CardDeclined'] };
  const failed = { failures: 1, nowMs: 0, expiresMs: 21_600_000, random: 0 };
  expect(afterFailure(policy, { ...failed, errorType: 'CardDeclined' })).toEqual({
    kind: 'dead',
    reason: 'not_retryable',
  });
  expect(afterFailure(policy, { ...failed, errorType: 'CardDeclinedAgain' }).kind).toBe('retry');
  expect(afterFailure(policy, { ...failed, errorType: null }).kind).toBe('retry');
});

test('events leave a tenth of a function to callers who wait, and never have more than the function has', () => {
  const settingsOf = (asked?: number) => ({ ...defaultAsyncSettings(), ...(asked && { maxConcurrency: asked }) });
  expect(asyncConcurrency(settingsOf(), 100)).toBe(90);
  expect(asyncConcurrency(settingsOf(), 1)).toBe(1);
  expect(asyncConcurrency(settingsOf(), 0)).toBe(0);
  expect(asyncConcurrency(settingsOf(5), 100)).toBe(5);
  expect(asyncConcurrency(settingsOf(500), 100)).toBe(100);
});
