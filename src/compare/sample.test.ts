import { expect, test } from 'vitest';
import { percentile, Samples } from './sample.ts';

test('percentiles are values that were seen, by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
  expect([0.5, 0.95, 0.99, 1].map((one) => percentile(hundred, one))).toEqual([50, 95, 99, 100]);
  expect([0.5, 0.95, 0.99].map((one) => percentile([7.004], one))).toEqual([7, 7, 7]);
  expect(percentile([1, 2], 0.5)).toBe(1);
  expect(percentile([], 0.5)).toBeNull();
});

test('calls that failed are counted and give no figures; what was not measured is null, never 0', () => {
  const samples = new Samples('warm');
  samples.failed = 2;
  expect(samples.summary()).toEqual({
    ...{ start: 'warm', calls: 2, failed: 2, p50Ms: null, p95Ms: null, p99Ms: null },
    ...{ cpuMs: null, maxMemoryMib: null },
  });
  samples.add({ ms: 30, cpuMs: null, maxMemoryMib: 12 });
  samples.add({ ms: 10, cpuMs: 3, maxMemoryMib: 40 });
  samples.add({ ms: 20, cpuMs: 1, maxMemoryMib: 7 });
  expect(samples.summary()).toMatchObject({ calls: 5, p50Ms: 20, p99Ms: 30, cpuMs: 1, maxMemoryMib: 40 });
});
