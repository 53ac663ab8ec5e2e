import { afterEach, describe, expect, test } from 'vitest';
import { gate, revisionOf, Testbed, type TestbedOptions, until } from './testing/pool-testbed.ts';

let bed: Testbed;
async function begin(options: TestbedOptions = {}): Promise<Testbed> {
  bed = await new Testbed(options).start();
  return bed;
}
afterEach(() => bed.stop());

describe('how a call finds its sandbox', () => {
  test('nothing ready is a cold start, the next call of that revision is warm in the same sandbox', async () => {
    await begin();
    const target = revisionOf('a');
    expect(bed.pool.acquireWarm(target)).toBeNull();
    const cold = await bed.lease(target);
    expect(cold).toMatchObject({ start: 'cold', reason: 'first_call' });
    for (const part of [cold.claimMs, cold.loadMs, cold.importMs]) expect(part).toBeGreaterThanOrEqual(0);
    expect(cold.loadLogs).toEqual({ lines: [], truncated: false });
    cold.release();
    cold.release();
    const warm = bed.pool.acquireWarm(target)!;
    expect(warm).toMatchObject({
      start: 'warm',
      reason: null,
      queueMs: 0,
      claimMs: null,
      loadMs: null,
      importMs: null,
    });
    expect(warm.sandbox.id).toBe(cold.sandbox.id);
    expect(warm.loadLogs).toBeNull();
    warm.release();
  });

  test('a ready generic sandbox is claimed, and the class has a ready one again', async () => {
    await begin({ pool: { readyBaseline: 2 } });
    await until('two ready per runtime', () => bed.ready() === 4);
    const lease = await bed.lease(revisionOf('a'));
    expect(lease).toMatchObject({ start: 'claimed', reason: 'first_call' });
    lease.release();
    await until('refilled', () => bed.ready() === 4);
  });

  test('a function that sets a boot variable boots with it and never uses a generic sandbox', async () => {
    await begin({ pool: { readyBaseline: 1 } });
    await until('one ready per runtime', () => bed.ready() === 2);
    const lease = await bed.lease(revisionOf('a', 'a-r1', {}, { NODE_OPTIONS: '--no-warnings', X: '1' }));
    expect(lease).toMatchObject({ start: 'cold', reason: 'boot_profile' });
    expect(lease.sandbox.spec.bootEnv).toEqual({ NODE_OPTIONS: '--no-warnings' });
    expect(bed.ready()).toBe(2);
    lease.release();
  });

  test('a sandbox that boots with its function’s variables has the package from the start, a generic one has none', async () => {
    await begin();
    const target = revisionOf('a', 'a-r1', {}, { NODE_OPTIONS: '--require /var/task/early.js' });
    const own = await bed.lease(target);
    expect(own.sandbox.spec.code).toEqual(target.package);
    own.release();
    const generic = await bed.lease(revisionOf('b'));
    expect(generic.sandbox.spec).not.toHaveProperty('code');
    generic.release();
  });

  test('a crash after the reply is told in the record of the next call', async () => {
    await begin();
    const target = revisionOf('a');
    const first = await bed.lease(target);
    first.release();
    bed.driver.boxes.get(first.sandbox.id)!.end({ cause: 'signal', exitCode: null, signal: 'SIGSEGV' });
    // Told a moment after the death, when its last output has been read; a call that came before has had its record.
    await new Promise((resolve) => first.sandbox.onCrash(resolve));
    const second = await bed.lease(target);
    expect(second.reason).toBe('sandbox_lost');
    expect(second.loadLogs?.lines[0]).toMatchObject({
      stream: 'stderr',
      text: expect.stringContaining('ended after its reply: signal: segmentation fault'),
    });
    second.release();
    const third = bed.pool.acquireWarm(target)!;
    expect(third.loadLogs).toBeNull();
    third.release();
  });

  test('the class of a deployed function is kept ready, so its first call is claimed', async () => {
    await begin();
    const target = revisionOf('a', 'a-r1', { memoryMib: 512, cpus: 2 });
    bed.setLive(target.functionId, [target]);
    await until('one ready of its class', () => bed.ready() === 1);
    const lease = await bed.lease(target);
    expect(lease.start).toBe('claimed');
    expect(lease.sandbox.spec).toMatchObject({ memoryMib: 512, cpus: 2, bootEnv: {} });
    lease.release();
  });

  test('a burst beyond the stock is told that the pool was empty', async () => {
    await begin({ pool: { readyBaseline: 1 } });
    await until('one ready per runtime', () => bed.ready() === 2);
    const leases = await Promise.all(['a', 'b', 'c'].map((name) => bed.lease(revisionOf(name))));
    expect(leases.map((it) => `${it.start} ${it.reason}`).sort()).toEqual([
      'claimed first_call',
      'cold pool_empty',
      'cold pool_empty',
    ]);
    for (const lease of leases) lease.release();
  });

  test('the reason names why no bound sandbox was there: scaled out, revision changed, sandbox lost', async () => {
    await begin();
    const first = revisionOf('a', 'r1');
    const one = await bed.lease(first);
    const two = await bed.lease(first);
    expect(two.reason).toBe('scaled_out');
    one.release();
    two.release();
    const next = revisionOf('a', 'r2');
    const changed = await bed.lease(next);
    expect(changed.reason).toBe('revision_changed');
    changed.release();
    await changed.sandbox.destroy('lost');
    await until('noticed', () => bed.pool.snapshot().sandboxes.every((it) => it.id !== changed.sandbox.id));
    // Three starts taught the pool to keep one ready; without it the reason would be that.
    await until('one ready', () => bed.ready() > 0);
    const lost = await bed.lease(next);
    expect(lost.reason).toBe('sandbox_lost');
    lost.release();
  });

  test('the most recently used sandbox is handed out first, so that the others can go', async () => {
    await begin();
    const target = revisionOf('a');
    const [one, two] = await Promise.all([bed.lease(target), bed.lease(target)]);
    one!.release();
    two!.release();
    const next = bed.pool.acquireWarm(target)!;
    expect(next.sandbox.id).toBe(two!.sandbox.id);
    next.release();
  });

  test('the parts of a wait add up, also for a caller who came while the create was under way', async () => {
    const { opened, open } = gate();
    await begin({ onCreate: () => opened });
    const target = revisionOf('a', 'r1', { maxConcurrency: 1 });
    const beganAtMs = performance.now();
    const first = bed.lease(target).then((lease) => ({ lease, tookMs: performance.now() - beganAtMs }));
    setTimeout(open, 30);
    const { lease, tookMs } = await first;
    const sumMs = lease.queueMs + lease.claimMs! + lease.loadMs! + lease.importMs!;
    expect(lease.claimMs).toBeGreaterThan(20);
    expect(Math.abs(tookMs - sumMs)).toBeLessThan(10);
    lease.release();
  });
});

describe('try', () => {
  test('runs in a sandbox of its own that is destroyed at release, even where a bound one is idle', async () => {
    await begin();
    const target = revisionOf('a');
    const bound = await bed.lease(target);
    bound.release();
    const tried = await bed.lease(target, { exclusive: true });
    expect(tried).toMatchObject({ start: 'cold', reason: 'try' });
    expect(tried.sandbox.id).not.toBe(bound.sandbox.id);
    tried.release();
    await until('destroyed', () => !tried.sandbox.alive && bed.driver.boxes.size === 1);
    expect(bed.pool.acquireWarm(target)?.sandbox.id).toBe(bound.sandbox.id);
  });

  test('a caller who left while it loaded leaves no sandbox behind', async () => {
    const { opened, open } = gate();
    await begin({ onDeliver: () => opened });
    const leaving = new AbortController();
    const result = bed.acquire(revisionOf('a'), { exclusive: true, signal: leaving.signal });
    await until('loading', () => bed.driver.boxes.size === 1);
    leaving.abort();
    expect(await result).toEqual({ kind: 'gone' });
    open();
    await until('destroyed', () => bed.driver.boxes.size === 0);
  });
});

describe('several calls in one sandbox', () => {
  test('concurrencyPerSandbox slots are lent before another sandbox is started', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { concurrencyPerSandbox: 3 });
    const leases = await Promise.all([1, 2, 3, 4].map(() => bed.lease(target)));
    expect(new Set(leases.map((it) => it.sandbox.id)).size).toBe(2);
    expect(leases.map((it) => it.start).sort()).toEqual(['cold', 'cold', 'warm', 'warm']);
    for (const lease of leases) lease.release();
  });
});
