import type { Phases } from '../../../../src/domain/invocation.ts';

export interface WaterfallBar {
  phase: 'queue' | 'claim' | 'load' | 'import' | 'handler' | 'reply';
  /** Milliseconds after the call was admitted. */
  fromMs: number;
  /** Null: this did not happen, as a warm start loads nothing. */
  durationMs: number | null;
  /** It did not end by itself: a clock, a crash or a cancel ended it. */
  isCut: boolean;
}

/** What of an attempt its waterfall is made from. */
export interface TimedAttempt {
  phases: Phases;
  code: string | null;
  start: string | null;
}

/** The parts of a call one after the other; `reply` is what remains of the whole. */
export function waterfallBars({ phases, code, start }: TimedAttempt): WaterfallBar[] {
  const parts = [
    ['queue', phases.queueMs],
    ['claim', phases.claimMs],
    ['load', phases.loadMs],
    ['import', phases.importMs],
    ['handler', phases.handlerMs],
  ] as const;
  let atMs = 0;
  const bars: WaterfallBar[] = parts.map(([phase, durationMs]) => {
    const fromMs = atMs;
    atMs += durationMs ?? 0;
    return { phase, fromMs, durationMs, isCut: false };
  });
  const restMs = Math.max(0, phases.totalMs - atMs);
  if (phases.handlerMs !== null) return [...bars, { phase: 'reply', fromMs: atMs, durationMs: restMs, isCut: false }];
  // What was killed reports no time of its own: the rest is its.
  const cut = start === null ? 'queue' : /^init_/.test(code ?? '') ? 'import' : 'handler';
  return [
    ...bars.map((bar) =>
      bar.phase === cut ? { ...bar, durationMs: (bar.durationMs ?? 0) + restMs, isCut: true } : bar,
    ),
    { phase: 'reply', fromMs: phases.totalMs, durationMs: null, isCut: false },
  ];
}
