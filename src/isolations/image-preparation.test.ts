import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ImagePreparation } from './image-preparation.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
let control: AbortController;
let tries: number;
let failing: number;
let state: string;
let listeners: Set<() => void>;
let images: { prepareImages(): Promise<never>; failure: Error | null };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  control = new AbortController();
  tries = 0;
  failing = 0;
  state = 'preparing';
  listeners = new Set();
  images = {
    failure: null,
    async prepareImages() {
      tries++;
      images.failure = failing-- > 0 ? new Error('no registry answers') : null;
      state = images.failure ? 'restricted' : 'usable';
      if (images.failure) throw images.failure;
      return undefined as never;
    },
  };
});

afterEach(() => {
  control.abort();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function preparation(): ImagePreparation {
  const registry = {
    report: () => [{ driver: { isolation: 'docker' }, probe: { state } }],
    async refresh() {
      for (const listener of listeners) listener();
    },
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return new ImagePreparation({ registry, images, log: SILENT, signal: control.signal } as never);
}

test('a failed preparation is tried again after pauses that double and are bounded, and says so meanwhile', async () => {
  failing = 9;
  const preparing = preparation();
  await preparing.run();
  expect(preparing.waiting).toMatchObject({ reason: 'no registry answers' });
  const waitsMs: number[] = [];
  while (failing > 0) {
    const before = Date.now();
    await vi.advanceTimersToNextTimerAsync();
    waitsMs.push(Date.now() - before);
  }
  expect(waitsMs).toEqual([15, 30, 60, 120, 240, 480, 600, 600].map((seconds) => seconds * 1000));
  await vi.advanceTimersToNextTimerAsync();
  expect([tries, preparing.waiting, state]).toEqual([10, null, 'usable']);
});

test('changes of other isolations do not shorten the pause, but Docker coming back is tried at once', async () => {
  failing = 1;
  const preparing = preparation();
  await preparing.run();
  for (const listener of listeners) listener();
  expect(tries).toBe(1);
  state = 'not_running';
  await vi.advanceTimersToNextTimerAsync();
  expect(tries).toBe(1);
  state = 'restricted';
  for (const listener of listeners) listener();
  expect(tries).toBe(2);
  await vi.waitFor(() => expect(preparing.waiting).toBeNull());
});

test('one that is stopped tries nothing more', async () => {
  failing = 1;
  const preparing = preparation();
  await preparing.run();
  control.abort();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect([tries, listeners.size, preparing.waiting]).toEqual([1, 0, null]);
});
