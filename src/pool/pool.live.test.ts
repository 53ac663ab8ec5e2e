import { afterEach, describe, expect, test } from 'vitest';
import { revisionOf, Testbed, type TestbedOptions, until } from './testing/pool-testbed.ts';

let bed: Testbed;
async function begin(options: TestbedOptions = {}): Promise<Testbed> {
  bed = await new Testbed(options).start();
  return bed;
}
afterEach(() => bed.stop());

const boundTo = (name: string) => bed.pool.snapshot().sandboxes.filter((it) => it.functionName === name).length;

describe('several live revisions of a function', () => {
  test('keep their sandboxes side by side; the one no name leads to any more loses its own', async () => {
    await begin();
    const [stable, canary] = [revisionOf('a', 'r1'), revisionOf('a', 'r2')];
    bed.setLive('id-a', [stable, canary]);
    const [one, two] = await Promise.all([bed.lease(stable), bed.lease(canary)]);
    one.release();
    two.release();
    expect(bed.pool.acquireWarm(stable)?.sandbox.id).toBe(one.sandbox.id);
    bed.setLive('id-a', [canary]);
    const again = bed.pool.acquireWarm(canary)!;
    expect(again.sandbox.id).toBe(two.sandbox.id);
    again.release();
    expect(one.sandbox.alive).toBe(true);
  });

  test('are each kept warm as their own name asks', async () => {
    await begin();
    const [stable, canary] = [revisionOf('a', 'r1'), revisionOf('a', 'r2')];
    const live = (target: typeof stable, minWarm: number) => ({ target, minWarm, isStocked: false });
    bed.setLiveFunction('id-a', { maxConcurrency: 9, revisions: [live(stable, 2), live(canary, 1)] });
    await until('three bound', () => boundTo('a') === 3);
    const leases = [stable, stable, canary].map((target) => bed.pool.acquireWarm(target));
    expect(leases.map((lease) => lease?.start)).toEqual(['warm', 'warm', 'warm']);
    for (const lease of leases) lease?.release();
    bed.setLiveFunction('id-a', { maxConcurrency: 9, revisions: [live(canary, 1)] });
    await until('one bound', () => boundTo('a') === 1);
    expect(bed.pool.acquireWarm(canary)).not.toBeNull();
  });

  test('an idle sandbox of a retired revision goes with the last caller who waited for it', async () => {
    await begin();
    const [old, next] = [revisionOf('a', 'r1', { maxConcurrency: 1 }), revisionOf('a', 'r2', { maxConcurrency: 1 })];
    bed.setLive('id-a', [old, next]);
    const idle = await bed.lease(old);
    idle.release();
    const running = await bed.lease(next);
    const leaving = new AbortController();
    const waiting = bed.acquire(old, { signal: leaving.signal });
    bed.setLive('id-a', [next]);
    expect(idle.sandbox.alive).toBe(true);
    leaving.abort();
    expect(await waiting).toEqual({ kind: 'gone' });
    await until('the idle one gone', () => boundTo('a') === 1);
    running.release();
  });

  test('a revision that no name leads to is served and not kept', async () => {
    await begin();
    bed.setLive('id-a', [revisionOf('a', 'r2')]);
    const held = await bed.lease(revisionOf('a', 'r1'));
    held.release();
    await until('none bound', () => boundTo('a') === 0);
    expect(bed.pool.acquireWarm(revisionOf('a', 'r1'))).toBeNull();
  });
});

describe('another maxConcurrency', () => {
  const limited = (maxConcurrency: number) => revisionOf('a', 'r1', { maxConcurrency });

  test('lets those who wait run at once, in the sandboxes that are there', async () => {
    await begin();
    bed.setLive('id-a', [limited(2)]);
    const [one, two] = await Promise.all([bed.lease(limited(2)), bed.lease(limited(2))]);
    two.release();
    bed.setLive('id-a', [limited(1)]);
    const waiting = bed.lease(limited(1));
    await until('queued', () => bed.pool.snapshot().queued === 1);
    bed.setLive('id-a', [limited(2)]);
    const lease = await waiting;
    expect(lease).toMatchObject({ start: 'warm', sandbox: { id: two.sandbox.id } });
    for (const it of [one, lease]) it.release();
  });

  test('counts for callers who resolved their revision before, and ends no call in flight', async () => {
    await begin();
    bed.setLive('id-a', [limited(2)]);
    const [one, two] = await Promise.all([bed.lease(limited(2)), bed.lease(limited(2))]);
    bed.setLive('id-a', [limited(1)]);
    one.release();
    expect(bed.pool.acquireWarm(limited(2))).toBeNull();
    expect(two.sandbox.alive).toBe(true);
    two.release();
    bed.pool.acquireWarm(limited(2))!.release();
  });

  test('of 0 answers those who wait, and whoever comes', async () => {
    await begin();
    bed.setLive('id-a', [limited(1)]);
    const running = await bed.lease(limited(1));
    const waiting = bed.acquire(limited(1));
    bed.setLive('id-a', [limited(0)]);
    const refusal = { kind: 'throttled', reason: 'max_concurrency_zero' };
    expect([await waiting, await bed.acquire(limited(1))]).toMatchObject([refusal, refusal]);
    running.release();
  });
});
