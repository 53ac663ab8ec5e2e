import { expect, it } from 'vitest';
import { type TimedAttempt, waterfallBars } from './waterfall-bars.ts';

const PHASES = { queueMs: 1, claimMs: 2, loadMs: 3, importMs: 4, handlerMs: 5, totalMs: 16 };

function durations(attempt: Partial<TimedAttempt>): Record<string, number | null> {
  const bars = waterfallBars({ phases: PHASES, code: null, start: 'claimed', ...attempt });
  return Object.fromEntries(bars.map((bar) => [bar.isCut ? `${bar.phase} cut` : bar.phase, bar.durationMs]));
}

it('phases follow each other, and the reply is what remains', () => {
  const bars = waterfallBars({ phases: PHASES, code: null, start: 'claimed' });
  expect(bars.map(({ phase, fromMs, durationMs }) => [phase, fromMs, durationMs])).toEqual([
    ['queue', 0, 1],
    ['claim', 1, 2],
    ['load', 3, 3],
    ['import', 6, 4],
    ['handler', 10, 5],
    ['reply', 15, 1],
  ]);
});

it('what did not happen takes no time, and rounding never makes a reply negative', () => {
  const phases = { ...PHASES, claimMs: null, loadMs: null, importMs: null, totalMs: 5.9 };
  expect(durations({ phases, start: 'warm' })).toEqual({
    queue: 1,
    claim: null,
    load: null,
    import: null,
    handler: 5,
    reply: 0,
  });
});

it('what a clock or a crash ended has the rest of the time, and nothing replied', () => {
  const phases = { ...PHASES, handlerMs: null, totalMs: 1_000 };
  expect(durations({ phases, code: 'function_timeout' })).toMatchObject({ 'handler cut': 990, reply: null });
  expect(durations({ phases, code: 'init_timeout' })).toMatchObject({ 'import cut': 994, handler: null });
  expect(durations({ phases: { ...phases, queueMs: 1_000 }, start: null, code: 'throttled' })).toMatchObject({
    'queue cut': 1_000,
  });
});
