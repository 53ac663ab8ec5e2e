import { expect, it } from 'vitest';
import { failureRate, hasRun, isFailed, matchesOutcome } from './failure.ts';
import { OUTCOMES } from './names.ts';

it('failed is what the code did, not what was asked for or refused', () => {
  expect(OUTCOMES.filter(isFailed)).toEqual(['error', 'timeout', 'oom', 'crashed']);
  expect(OUTCOMES.filter((outcome) => !hasRun(outcome))).toEqual(['throttled', 'rejected']);
  expect(OUTCOMES.filter((outcome) => matchesOutcome(outcome, 'failed'))).toEqual(OUTCOMES.filter(isFailed));
  expect([matchesOutcome('ok', 'ok'), matchesOutcome(null, 'failed')]).toEqual([true, false]);
});

it('a rate is of what ran, and unknown when nothing did', () => {
  expect([failureRate(1, 3), failureRate(0, 5), failureRate(0, 0)]).toEqual([0.3333, 0, null]);
});
