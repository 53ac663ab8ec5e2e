import { expect, it } from 'vitest';
import type { MetricsReply } from '../use-metrics.ts';
import { PANELS, panelWords } from './panels.ts';

const NONE = {
  invocations: 0,
  errors: 0,
  errorRate: null,
  throttles: 0,
  cold: 0,
  claimed: 0,
  warm: 0,
  averageConcurrency: 0,
};
const UNMEASURED = { p50Ms: null, p95Ms: null, p99Ms: null, cpuMs: null, maxMemoryMib: null };
const BUSY = { ...NONE, invocations: 40, errors: 2, cold: 1, claimed: 3, warm: 36, averageConcurrency: 0.5 };
const MEASURED = { p50Ms: 12, p95Ms: 40, p99Ms: 90, cpuMs: 30_000, maxMemoryMib: 41.5 };

function metrics(): MetricsReply {
  const at = (minute: number): string => new Date(2026, 10, 25, 12, minute).toISOString();
  return {
    from: at(0),
    to: at(2),
    stepMs: 60_000,
    points: [
      { at: at(0), ...NONE, ...UNMEASURED },
      { at: at(1), ...BUSY, ...MEASURED },
    ],
    totals: { ...BUSY, ...MEASURED, averageConcurrency: 0.25 },
    byIsolation: {},
    byStart: {},
  };
}

function panel(id: string) {
  return PANELS.find((one) => one.id === id)!;
}

it('shares of starts add up, and a step without starts has none', () => {
  const [quiet, busy] = metrics().points;
  const shares = (point: object) => panel('starts').series.map((series) => series.valueOf(point as never, 60_000));
  expect(shares(busy!)).toEqual([0.025, 0.075, 0.9]);
  expect(shares(quiet!)).toEqual([null, null, null]);
});

it('CPU time over the time of a step is the average of cores in use; what was not measured is no zero', () => {
  const [quiet, busy] = metrics().points;
  const [cpu] = panel('cpu').series;
  expect([cpu!.valueOf(busy!, 60_000), cpu!.valueOf(quiet!, 60_000)]).toEqual([0.5, null]);
});

it('each panel is told in words, with its unit, its whole and its peak', () => {
  expect(panelWords(panel('latency'), metrics())).toBe(
    'Duration, of an attempt. p50 12\u00a0ms over all, at most 12\u00a0ms at 12:01; p95 40\u00a0ms over all, at most 40\u00a0ms at 12:01; p99 90\u00a0ms over all, at most 90\u00a0ms at 12:01.',
  );
  const silent = { ...metrics(), points: metrics().points.slice(0, 1) };
  expect(panelWords(panel('memory'), silent)).toContain('nothing measured');
});
