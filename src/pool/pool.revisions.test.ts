import { afterEach, describe, expect, test } from 'vitest';
import { MIB } from '../domain/limits.ts';
import { gate, revisionOf, Testbed, type TestbedOptions, until } from './testing/pool-testbed.ts';

let bed: Testbed;
async function begin(options: TestbedOptions = {}): Promise<Testbed> {
  bed = await new Testbed(options).start();
  return bed;
}
afterEach(() => bed.stop());

const boundTo = (name: string) => bed.pool.snapshot().sandboxes.filter((it) => it.functionName === name).length;

describe('a changed function', () => {
  test('I9: a call in flight keeps its sandbox until it is done; idle ones of the old revision go at once', async () => {
    await begin();
    const old = revisionOf('a', 'r1');
    const [running, idle] = await Promise.all([bed.lease(old), bed.lease(old)]);
    idle!.release();
    const next = revisionOf('a', 'r2');
    bed.setLive(next.functionId, [next]);
    await until('idle one gone', () => !idle!.sandbox.alive);
    expect(running!.sandbox.alive).toBe(true);
    running!.release();
    await until('used one gone', () => !running!.sandbox.alive && boundTo('a') === 0);
  });

  test('I3: callers who wait for the old revision get a sandbox of the old revision', async () => {
    const { opened, open } = gate();
    await begin({ onCreate: () => opened });
    const [old, next] = [revisionOf('a', 'r1'), revisionOf('a', 'r2')];
    const [first, second] = [bed.lease(old), bed.lease(next)];
    bed.setLive(next.functionId, [next]);
    open();
    const [one, two] = await Promise.all([first, second]);
    expect(one.sandbox.id).not.toBe(two.sandbox.id);
    expect(bed.pool.acquireWarm(old)).toBeNull();
    one.release();
    await until('old one gone', () => !one.sandbox.alive);
    two.release();
    expect(bed.pool.acquireWarm(next)?.sandbox.id).toBe(two.sandbox.id);
  });

  test('I3: equal revision keys of two functions never share a sandbox', async () => {
    await begin();
    const [one, two] = [revisionOf('a', 'same'), revisionOf('b', 'same')];
    const lease = await bed.lease(one);
    lease.release();
    expect(bed.pool.acquireWarm(two)).toBeNull();
    const other = await bed.lease(two);
    expect(other.sandbox.id).not.toBe(lease.sandbox.id);
    other.release();
  });

  test('going back to an earlier revision keeps its sandboxes', async () => {
    await begin();
    const [old, next] = [revisionOf('a', 'r1'), revisionOf('a', 'r2')];
    const running = await bed.lease(old);
    bed.setLive(next.functionId, [next]);
    bed.setLive(old.functionId, [old]);
    running.release();
    expect(bed.pool.acquireWarm(old)?.sandbox.id).toBe(running.sandbox.id);
  });

  test('I9: a deleted function finishes its call; those who wait are told it is gone', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { maxConcurrency: 1 });
    bed.setLive(target.functionId, [target]);
    const running = await bed.lease(target);
    const waiting = bed.acquire(target);
    bed.setLive(target.functionId, null);
    expect(await waiting).toEqual({ kind: 'gone' });
    expect(running.sandbox.alive).toBe(true);
    expect(await bed.acquire(target)).toEqual({ kind: 'gone' });
    running.release();
    await until('gone', () => boundTo('a') === 0);
  });
});

describe('minWarm', () => {
  test('sandboxes are bound ahead of the first call, which is then warm and has the logs of the load', async () => {
    const code = { r1: { load: (it: { stdout(text: string): void }) => it.stdout('hello\n'), handler: () => null } };
    await begin({ code });
    const target = revisionOf('a', 'r1', { minWarm: 2 });
    bed.setLive(target.functionId, [target]);
    await until('two bound', () => boundTo('a') === 2);
    const lease = bed.pool.acquireWarm(target)!;
    expect(lease).toMatchObject({ start: 'warm', reason: null });
    expect(lease.loadLogs?.lines.map((it) => it.text.trim())).toEqual(['hello']);
    lease.release();
  });

  test('is there for a function whose sandboxes need variables at boot, of which none is ever ready', async () => {
    await begin();
    bed.setLive('id-a', [revisionOf('a', 'r1', { minWarm: 1 }, { NODE_OPTIONS: '--no-warnings' })]);
    await until('one bound', () => boundTo('a') === 1);
  });

  test('a lost one is replaced', async () => {
    await begin();
    const target = revisionOf('a', 'r1', { minWarm: 1 });
    bed.setLive(target.functionId, [target]);
    await until('bound', () => bed.pool.acquireWarm(target)?.release() !== null && boundTo('a') === 1);
    const [before] = bed.pool.snapshot().sandboxes.filter((it) => it.functionName === 'a');
    bed.driver.boxes.get(before!.id)!.kill();
    await until('replaced', () => {
      const now = bed.pool.snapshot().sandboxes.filter((it) => it.functionName === 'a');
      return now.length === 1 && now[0]!.id !== before!.id && now[0]!.state !== 'dead';
    });
  });

  test('code that does not load is not tried in a tight loop', async () => {
    const code = {
      r1: {
        load: () => {
          throw new Error('broken');
        },
        handler: () => null,
      },
    };
    await begin({ code });
    const target = revisionOf('a', 'r1', { minWarm: 1 });
    bed.setLive(target.functionId, [target]);
    await until('tried once', () => bed.driver.createdCount > 0 && boundTo('a') === 0);
    const { createdCount } = bed.driver;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(bed.driver.createdCount - createdCount).toBeLessThanOrEqual(1);
  });
});

describe('idle sandboxes', () => {
  test('are frozen after 100 ms without a call and thawed at hand-out', async () => {
    await begin();
    const target = revisionOf('a');
    const lease = await bed.lease(target);
    lease.release();
    expect(lease.sandbox.state).toBe('loaded');
    const releasedAtMs = performance.now();
    await until('frozen', () => lease.sandbox.state === 'paused', 1_000);
    expect(performance.now() - releasedAtMs).toBeGreaterThan(80);
    const warm = bed.pool.acquireWarm(target)!;
    expect(warm.sandbox.id).toBe(lease.sandbox.id);
    expect(warm.sandbox.state).toBe('loaded');
    warm.release();
    await until('frozen again', () => lease.sandbox.state === 'paused', 1_000);
  });

  test('are evicted beyond the idle budget, and the next start says so', async () => {
    await begin({ pool: { idleBudgetMib: 200 } });
    const names = ['a', 'b'];
    for (const name of names) {
      const lease = await bed.lease(revisionOf(name));
      bed.driver.boxes.get(lease.sandbox.id)!.figures.currentBytes = 128 * MIB;
      lease.release();
    }
    await until('one evicted', () => names.some((name) => boundTo(name) === 0));
    expect(bed.pool.snapshot().idleMib).toBeLessThanOrEqual(200);
    const evicted = names.find((name) => boundTo(name) === 0)!;
    const lease = await bed.lease(revisionOf(evicted));
    expect(lease.reason).toBe('evicted');
    lease.release();
  });

  test('make room where the sum of memory limits is reached; with all busy a caller waits for a slot to free', async () => {
    await begin({ pool: { limitTotalMib: 256 } });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => revisionOf(name));
    for (const lease of await Promise.all([bed.lease(a!), bed.lease(b!)])) lease.release();
    const [one, two] = [bed.pool.acquireWarm(a!)!, bed.pool.acquireWarm(b!)!];
    const waiting = bed.lease(c!);
    await until('queued', () => bed.pool.snapshot().queued === 1);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(bed.driver.createdCount).toBe(2);
    one.release();
    const releasedAtMs = performance.now();
    const three = await waiting;
    expect(performance.now() - releasedAtMs).toBeLessThan(500);
    expect(one.sandbox.alive).toBe(false);
    two.release();
    three.release();
  });
});

describe('leftovers of an earlier life', () => {
  test('I5: are reaped at start without holding it up', async () => {
    bed = new Testbed();
    bed.driver.reapable = 3;
    await bed.start();
    await until('reaped', () => bed.driver.reapable === 0);
  });
});
