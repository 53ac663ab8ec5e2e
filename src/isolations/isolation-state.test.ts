import { expect, test } from 'vitest';
import type { ProbeResult, ProbeState } from '../contract/driver.ts';
import {
  afterProbe,
  FAILING_MIN_MS,
  FAILURES_MAX,
  type IsolationState,
  runtimesOf,
  shownProbe,
} from './isolation-state.ts';

const probed = (state: ProbeState): ProbeResult => ({
  state,
  detail: `seen ${state}`,
  fix: null,
  runtimes: state === 'usable' ? ['nodejs24'] : [],
  enforced: { memory: true, cpu: true, pids: true, disk: true, network: true },
  progress: null,
});
const usable = afterProbe({ kind: 'unknown' }, probed('usable'), 0).state;

function afterAll(from: IsolationState, probes: [atMs: number, ProbeState][]) {
  let at = { state: from, lookAgainMs: null as number | null };
  const waitsMs: (number | null)[] = [];
  for (const [atMs, state] of probes) {
    at = afterProbe(at.state, probed(state), atMs);
    waitsMs.push(at.lookAgainMs);
  }
  return { ...at, waitsMs };
}

test('slow trials never make a usable isolation unusable, however many; it is shown as busy and keeps its runtimes', () => {
  const many = Array.from({ length: 1_000 }, (_, i): [number, ProbeState] => [i * 60_000, 'busy']);
  const { state } = afterAll(usable, many);
  expect(state.kind).toBe('usable');
  expect(runtimesOf(state)).toEqual(['nodejs24']);
  expect(shownProbe(state)).toMatchObject({ state: 'busy', runtimes: ['nodejs24'], fix: null });
  expect(shownProbe(state)?.detail).toContain('1000 had no time to end');
});

test.each(['absent', 'not_running', 'no_permission'] as const)(
  '%s is a definite answer and counts at once',
  (state) => {
    expect(afterAll(usable, [[1, state]]).state.kind).toBe('unusable');
  },
);

test('failed trials count when there are enough of them, over long enough; until then it is usable', () => {
  const failing = (count: number, everyMs: number) =>
    afterAll(
      usable,
      Array.from({ length: count }, (_, i): [number, ProbeState] => [i * everyMs, 'restricted']),
    ).state;
  expect(failing(FAILURES_MAX - 1, FAILING_MIN_MS).kind).toBe('usable');
  expect(failing(FAILURES_MAX * 3, 1).kind).toBe('usable');
  expect(failing(FAILURES_MAX, FAILING_MIN_MS).kind).toBe('unusable');
});

test('a trial that works ends the doubt, and slow ones do not count as failed', () => {
  const { state } = afterAll(usable, [
    [0, 'restricted'],
    [20_000, 'restricted'],
    [30_000, 'usable'],
    [40_000, 'restricted'],
    [60_000, 'busy'],
    [90_000, 'restricted'],
  ]);
  expect(state).toMatchObject({ kind: 'usable', doubt: { failed: 2, slow: 1, failingSinceMs: 40_000 } });
});

test('in doubt it is tried again with back-off', () => {
  const { waitsMs } = afterAll(
    usable,
    Array.from({ length: 6 }, (_, i): [number, ProbeState] => [i, 'busy']),
  );
  expect(waitsMs).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  expect(afterProbe(usable, probed('usable'), 1).lookAgainMs).toBeNull();
});

test('one that had no time for its first trial is neither usable nor refused: it is tried again soon', () => {
  expect(afterProbe({ kind: 'unknown' }, probed('busy'), 0)).toMatchObject({
    state: { kind: 'preparing' },
    lookAgainMs: 5_000,
  });
  expect(
    afterAll({ kind: 'unknown' }, [
      [0, 'restricted'],
      [1, 'busy'],
    ]).state.kind,
  ).toBe('unusable');
  expect(afterAll({ kind: 'unknown' }, [[0, 'restricted']]).state.kind).toBe('unusable');
});
