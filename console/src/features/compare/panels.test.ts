import { expect, test } from 'vitest';
import { panelsOf } from './panels.ts';
import type { ComparedIsolation } from './use-comparisons.ts';

type Started = ComparedIsolation['starts'][number];

function compared(isolation: ComparedIsolation['isolation'], warm: Partial<Started> | null): ComparedIsolation {
  const figures = { calls: 2, failed: 0, p50Ms: 1, p95Ms: 2, p99Ms: 4, cpuMs: 0.5, maxMemoryMib: 40 };
  const starts = warm === null ? [] : [{ start: 'warm' as const, ...figures, ...warm }];
  const rest = { reason: null, driver: null, fence: null, enforced: null, failure: null };
  return { isolation, state: warm === null ? 'skipped' : 'done', starts, ...rest };
}

test('each panel is scaled by its own widest value, and says the figures in words', () => {
  const panels = panelsOf([compared('process', {}), compared('docker', { p50Ms: 2, p99Ms: 8, maxMemoryMib: 80 })]);
  expect(panels.map(({ id }) => id)).toEqual(['cold', 'claimed', 'warm', 'cpu', 'memory']);
  const warm = panels[2]?.bars;
  expect(warm?.map(({ main, reach, mark }) => [main, reach, mark])).toEqual([
    [0.125, 0.25, 0.5],
    [0.25, 0.25, 1],
  ]);
  expect(warm?.[1]?.label.replaceAll('\u00a0', ' ')).toBe('docker: p50 2 ms, p95 2 ms, p99 8 ms');
  expect(panels[4]?.bars.map(({ main }) => main)).toEqual([0.5, 1]);
});

test('what did not run is left out; what was not measured has no bar and says so', () => {
  const panels = panelsOf([compared('process', { cpuMs: null, maxMemoryMib: null }), compared('docker', null)]);
  expect(panels.every(({ bars }) => bars.length === 1)).toBe(true);
  expect(panels[0]?.bars[0]).toMatchObject({ main: null, label: 'process: no calls' });
  expect(panels[3]?.bars[0]).toMatchObject({ main: null, text: '–', label: 'process: not measured' });
  expect(panelsOf([compared('docker', null)])).toEqual([]);
});

test('a panel of zeros has no lengths that are no numbers', () => {
  const [, , warm] = panelsOf([compared('process', { p50Ms: 0, p95Ms: 0, p99Ms: 0 })]);
  expect(warm?.bars[0]).toMatchObject({ main: 0, reach: 0, mark: 0 });
});
