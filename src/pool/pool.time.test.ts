import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LIMITS } from '../domain/limits.ts';
import { revisionOf, Testbed } from './testing/pool-testbed.ts';

let bed: Testbed;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await bed.stop();
});

/** Lets streams and immediates run; the clock stands still. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await turns();
}

test('a bound sandbox is kept as long as its start is worth, then expires, and the next start says so', async () => {
  bed = await new Testbed({ capabilities: { typicalStartMs: 20 } }).start();
  const target = revisionOf('a');
  const lease = await bed.lease(target);
  lease.release();
  await pass(110_000);
  expect(lease.sandbox.alive).toBe(true);
  await pass(12_000);
  expect(lease.sandbox.alive).toBe(false);
  const next = await bed.lease(target);
  expect(next.reason).toBe('idle_expired');
  next.release();
});

test('a refill waits for the reply of the call that used the last one, but not for a long handler', async () => {
  bed = await new Testbed({ pool: { readyBaseline: 1 } }).start();
  await turns();
  await turns();
  expect(bed.ready()).toBe(2);
  const quick = await bed.lease(revisionOf('a'));
  await turns();
  expect(bed.ready()).toBe(1);
  quick.release();
  await turns();
  expect(bed.ready()).toBe(2);
  const slow = await bed.lease(revisionOf('b'));
  await turns();
  expect(bed.ready()).toBe(1);
  await pass(100);
  expect(bed.ready()).toBe(2);
  slow.release();
});

test('what a burst taught is forgotten: surplus ready sandboxes go after a while', async () => {
  bed = await new Testbed().start();
  const leases = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => bed.lease(revisionOf(name))));
  for (const lease of leases) lease.release();
  await pass(1_000);
  expect(bed.ready()).toBeGreaterThanOrEqual(2);
  await pass(300_000);
  expect(bed.ready()).toBe(0);
});

test('an isolation being prepared is waited for at most 60 s, whatever queueTimeoutMs says', async () => {
  const enforced = { memory: false, cpu: false, pids: false, disk: false, network: false };
  const probe = { state: 'preparing', detail: '', fix: null, runtimes: [], enforced, progress: 0.5 } as const;
  bed = await new Testbed({ probe: { ...probe, runtimes: [] } }).start();
  const waiting = bed.acquire(revisionOf('a'), { waitMs: 1_000 });
  await pass(59_000);
  expect(bed.pool.snapshot().queued).toBe(1);
  await pass(1_100);
  expect(await waiting).toMatchObject({ kind: 'platform', error: { code: 'isolation_preparing' } });
});

test('failed creates are backed off, so that a broken host is not hammered', async () => {
  let tries = 0;
  const onCreate = () => {
    tries++;
    throw new Error('broken');
  };
  bed = await new Testbed({ onCreate, pool: { readyBaseline: 1 } }).start();
  await pass(60_000);
  expect(tries).toBeGreaterThan(4);
  expect(tries).toBeLessThan(20);
});

test('an isolation whose creates keep failing is probed again, and calls are told what is wrong', async () => {
  const enforced = { memory: false, cpu: false, pids: false, disk: false, network: false };
  let isRunning = true;
  bed = await new Testbed({
    onCreate: () => {
      if (!isRunning) throw new Error('the daemon is gone');
    },
    probe: async () => ({
      state: isRunning ? 'usable' : 'not_running',
      detail: 'the daemon does not answer',
      fix: null,
      runtimes: ['nodejs24'],
      enforced,
      progress: null,
    }),
  }).start();
  await pass(10_000);
  isRunning = false;
  expect(await bed.acquire(revisionOf('a'))).toMatchObject({ kind: 'platform' });
  await turns();
  expect(await bed.acquire(revisionOf('a'))).toMatchObject({
    kind: 'platform',
    error: { code: 'isolation_unavailable' },
  });
  isRunning = true;
  await pass(6_000);
  (await bed.lease(revisionOf('a'))).release();
});

test('beyond the queue’s depth callers are turned away at once; the deadline turns away the rest, with their wait', async () => {
  bed = await new Testbed().start();
  const target = revisionOf('a', 'r1', { maxConcurrency: 1 });
  const held = await bed.lease(target);
  const waiting = Array.from({ length: LIMITS.queueDepthMax }, () => bed.acquire(target, { waitMs: 100 }));
  expect(await bed.acquire(target)).toEqual({ kind: 'throttled', reason: 'queue_full', queueMs: 0 });
  await pass(99);
  expect(bed.pool.snapshot().queued).toBe(LIMITS.queueDepthMax);
  await pass(2);
  expect(bed.pool.snapshot().queued).toBe(0);
  for (const result of await Promise.all(waiting)) {
    expect(result).toMatchObject({ kind: 'throttled', reason: 'queue_timeout' });
    expect((result as { queueMs: number }).queueMs).toBeCloseTo(100, -1);
  }
  held.release();
});

test('one timer serves the whole queue, whatever the order of deadlines', async () => {
  bed = await new Testbed().start();
  const target = revisionOf('a', 'r1', { maxConcurrency: 1 });
  const held = await bed.lease(target);
  const before = vi.getTimerCount();
  const ended: string[] = [];
  for (const waitMs of [300, 100, 200])
    void bed.acquire(target, { waitMs }).then((it) => ended.push(`${waitMs} ${it.kind}`));
  expect(vi.getTimerCount()).toBe(before + 1);
  await pass(150);
  expect(ended).toEqual(['100 throttled']);
  await pass(200);
  expect(ended).toEqual(['100 throttled', '200 throttled', '300 throttled']);
  held.release();
});
