import { expect, it } from 'vitest';
import { rangeBetween, stepAt, timesOf } from './brush-range.ts';

it('a place on the plot is the step under it, and never one that is not there', () => {
  expect([0, 0.0999, 0.1, 0.999, 1, 1.5, -1].map((share) => stepAt(share, 10))).toEqual([0, 0, 1, 9, 9, 9, 0]);
});

it('a brush covers whole steps, whichever way it was drawn', () => {
  expect(rangeBetween(7, 3)).toEqual({ first: 3, last: 7 });
  expect(timesOf(rangeBetween(3, 7), 1_000, 60)).toEqual({ fromMs: 1_180, toMs: 1_480 });
  expect(timesOf(rangeBetween(4, 4), 0, 60)).toEqual({ fromMs: 240, toMs: 300 });
});
