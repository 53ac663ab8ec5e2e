import { afterEach, describe, expect, test } from 'vitest';
import { SandboxError } from '../contract/sandbox-error.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { gate, revisionOf, Testbed, type TestbedOptions, until } from './testing/pool-testbed.ts';
import type { AcquireResult, Lease } from './types.ts';

let bed: Testbed;
async function begin(options: TestbedOptions = {}): Promise<Testbed> {
  bed = await new Testbed(options).start();
  return bed;
}
afterEach(() => bed.stop());

function leaseOf(result: AcquireResult): Lease {
  if (result.kind !== 'lease') throw new Error(`no lease: ${result.kind}`);
  return result.lease;
}

describe('the queue', () => {
  test('200 callers of a function with maxConcurrency 4 share 4 sandboxes and are all served', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { maxConcurrency: 4 });
    let running = 0;
    let most = 0;
    const used = new Set<string>();
    await Promise.all(
      Array.from({ length: 200 }, async () => {
        const lease = await bed.lease(target, { waitMs: 10_000 });
        used.add(lease.sandbox.id);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        lease.release();
      }),
    );
    expect(most).toBeLessThanOrEqual(4);
    expect(used.size).toBeLessThanOrEqual(4);
  });

  test('a slot that frees goes to the caller who waited longest, at once and before any new sandbox', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { maxConcurrency: 1 });
    const first = await bed.lease(target);
    const order: number[] = [];
    const waiting = [1, 2].map((number) =>
      bed.lease(target).then((lease) => {
        order.push(number);
        return lease;
      }),
    );
    first.release();
    const second = await waiting[0]!;
    expect(second).toMatchObject({ start: 'warm', reason: null });
    expect(second.sandbox.id).toBe(first.sandbox.id);
    expect(order).toEqual([1]);
    second.release();
    (await waiting[1]!).release();
    expect(bed.driver.createdCount).toBe(1);
  });

  test('maxConcurrency holds even where a sandbox has a slot free', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { maxConcurrency: 1, concurrencyPerSandbox: 4 });
    const held = await bed.lease(target);
    expect(bed.pool.acquireWarm(target)).toBeNull();
    const waiting = [bed.lease(target), bed.lease(target)];
    expect(bed.pool.snapshot().queued).toBe(2);
    held.release();
    const second = await waiting[0]!;
    expect(bed.pool.snapshot().queued).toBe(1);
    second.release();
    (await waiting[1]!).release();
  });

  test('maxConcurrency 0 refuses everything', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { maxConcurrency: 0 });
    expect(await bed.acquire(target)).toEqual({ kind: 'throttled', reason: 'max_concurrency_zero', queueMs: 0 });
  });

  test('queueTimeoutMs 0 never waits for a busy slot, yet lets a first call start its sandbox', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { maxConcurrency: 1 });
    const lease = leaseOf(await bed.acquire(target, { waitMs: 0 }));
    expect(await bed.acquire(target, { waitMs: 0 })).toMatchObject({ kind: 'throttled', reason: 'queue_timeout' });
    lease.release();
  });

  test('a caller who leaves is taken off and uses no slot', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { maxConcurrency: 1 });
    const held = await bed.lease(target);
    const leaving = new AbortController();
    const result = bed.acquire(target, { signal: leaving.signal });
    expect(bed.pool.snapshot().queued).toBe(1);
    leaving.abort();
    expect(await result).toEqual({ kind: 'gone' });
    expect(bed.pool.snapshot().queued).toBe(0);
    expect(await bed.acquire(target, { signal: leaving.signal })).toEqual({ kind: 'gone' });
    held.release();
    expect(bed.pool.acquireWarm(target)).not.toBeNull();
  });

  test('a load may outlast the queue’s deadline: it has its own clock', async () => {
    const { opened, open } = gate();
    await begin({ onDeliver: () => opened });
    const result = bed.acquire(revisionOf('a'), { waitMs: 50 });
    setTimeout(open, 150);
    leaseOf(await result).release();
  });
});

describe('failures', () => {
  test('a create that fails is tried again; a second failure is told to the caller, and the next one works', async () => {
    let failing = 1;
    await begin({
      onCreate: () => {
        if (failing-- > 0) throw new SandboxError('sandbox_start_failed', 'planned');
      },
    });
    (await bed.lease(revisionOf('a'))).release();
    failing = 2;
    expect(await bed.acquire(revisionOf('b'))).toMatchObject({ kind: 'platform' });
    failing = 0;
    (await bed.lease(revisionOf('b'))).release();
  });

  test('a caller is not charged for tries that began before it came', async () => {
    const { opened, open } = gate();
    let hanging = 2;
    await begin({
      onCreate: async () => {
        if (hanging-- <= 0) return;
        await opened;
        throw new SandboxError('sandbox_start_failed', 'planned');
      },
    });
    const target = revisionOf('a');
    const impatient = await Promise.all([1, 2].map(() => bed.acquire(target, { waitMs: 20 })));
    expect(impatient.map(({ kind }) => kind)).toEqual(['throttled', 'throttled']);
    const late = bed.acquire(target);
    open();
    leaseOf(await late).release();
  });

  test('every caller of code that does not load gets the failure of its own try', async () => {
    const code = {
      bad: {
        load: () => {
          throw new TypeError('no such thing');
        },
        handler: () => null,
      },
    };
    await begin({ code });
    const results = await Promise.all(Array.from({ length: 12 }, () => bed.acquire(revisionOf('a', 'bad'))));
    const ids = new Set<string>();
    for (const result of results) {
      expect(result).toMatchObject({ kind: 'loadFailed', start: 'cold', result: { kind: 'loadError' } });
      if (result.kind === 'loadFailed') ids.add(result.sandbox.id);
    }
    expect(ids.size).toBe(12);
    await until('none kept', () => bed.pool.snapshot().sandboxes.every((it) => it.functionName === null));
  });

  test('S12: the call after a kill is answered by another sandbox', async () => {
    await begin({ pool: { readyBaseline: 1 } });
    const target = revisionOf('a');
    const lease = await bed.lease(target);
    lease.release();
    await until('refilled', () => bed.ready() === 2);
    bed.driver.boxes.get(lease.sandbox.id)!.kill();
    await until('the socket has closed', () => !lease.sandbox.alive);
    const next = await bed.lease(target);
    expect(next.sandbox.id).not.toBe(lease.sandbox.id);
    expect(next.start).toBe('claimed');
    next.release();
  });

  test('an isolation without a driver is unavailable; one being prepared is waited for', async () => {
    let state: 'preparing' | 'usable' = 'preparing';
    const enforced = { memory: false, cpu: false, pids: false, disk: false, network: false };
    await begin({
      probe: async () => ({ state, detail: 'd', fix: null, runtimes: ['nodejs24'], enforced, progress: null }),
    });
    const foreign = revisionOf('a');
    foreign.revision.isolation = 'gvisor';
    const refused = await bed.acquire(foreign);
    expect(refused).toMatchObject({ kind: 'platform' });
    if (refused.kind === 'platform') expect((refused.error as ColdframeError).code).toBe('isolation_unavailable');
    const waiting = bed.acquire(revisionOf('b'), { waitMs: 0 });
    expect(bed.pool.snapshot().queued).toBe(1);
    state = 'usable';
    await bed.registry.refresh();
    leaseOf(await waiting).release();
    const python = await bed.acquire(revisionOf('c', 'c', { runtime: 'python3.13' }));
    expect(python.kind === 'platform' && python.error instanceof ColdframeError && python.error.code).toBe(
      'isolation_unavailable',
    );
  });

  test('after stop every caller is told that the server is draining', async () => {
    const { opened, open } = gate();
    await begin({ onCreate: () => opened });
    const waiting = bed.acquire(revisionOf('a'));
    const stopped = bed.pool.stop();
    open();
    await stopped;
    for (const result of [await waiting, await bed.acquire(revisionOf('a'))]) {
      expect(result.kind === 'platform' && (result.error as ColdframeError).code).toBe('draining');
    }
    await bed.pool.stop();
  });
});
