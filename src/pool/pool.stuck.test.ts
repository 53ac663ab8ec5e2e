import { afterEach, expect, test } from 'vitest';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { revisionOf, Testbed, type TestbedOptions, until } from './testing/pool-testbed.ts';

let bed: Testbed;
/** While true no box can be removed. */
let isBusy = true;

async function begin(options: TestbedOptions = {}): Promise<Testbed> {
  isBusy = true;
  const onDestroy = () => {
    if (isBusy) throw new Error('device or resource busy');
  };
  bed = await new Testbed({ onDestroy, ...options }).start();
  return bed;
}

afterEach(async () => {
  isBusy = false;
  await until('nothing is stuck', () => bed.guarded.stuck().length === 0);
  await bed.stop();
});

/** A call after which its sandbox is given up, as after a timeout. */
async function spoil(target: RunnableRevision): Promise<void> {
  const lease = await bed.lease(target);
  const before = bed.guarded.stuck().length;
  void lease.sandbox.destroy('spoilt');
  lease.release();
  await until('it is stuck', () => bed.guarded.stuck().length === before + 1);
}

const boundTo = (name: string): number =>
  bed.pool.snapshot().sandboxes.filter((one) => one.functionName === name && one.state === 'loaded').length;

const limitsMib = (): number => bed.pool.snapshot().sandboxes.reduce((sum, one) => sum + one.memoryMib, 0);

test('a sandbox that cannot be removed stays in the memory sum, and a caller whose sandbox does not fit waits', async () => {
  await begin({ pool: { limitTotalMib: 256 } });
  await spoil(revisionOf('a'));
  expect(limitsMib()).toBe(128);
  await spoil(revisionOf('b'));
  expect(await bed.acquire(revisionOf('c'), { waitMs: 50 })).toMatchObject({ kind: 'throttled' });
  const waiting = bed.lease(revisionOf('c'));
  isBusy = false;
  (await waiting).release();
});

test('remains of failed creates and of sandboxes beside the pool are in the sum too', async () => {
  await begin({ pool: { limitTotalMib: 300 } });
  const spec = (await bed.lease(revisionOf('a'))).sandbox.spec;
  const beside = await bed.guarded.create({ ...spec, id: 'beside' }, new AbortController().signal);
  await beside.destroy('over');
  expect(bed.guarded.stuck()).toHaveLength(1);
  expect(bed.pool.reserve(64)).toBeNull();
  isBusy = false;
  await beside.removed;
  const giveBack = bed.pool.reserve(64);
  expect(giveBack).not.toBeNull();
  giveBack?.();
});

test('a function that makes many gets no new sandbox and says so, others do, and it goes on by itself', async () => {
  await begin();
  for (let at = 0; at < 3; at++) await spoil(revisionOf('hostile'));
  const { createdCount } = bed.driver;
  const refused = await bed.acquire(revisionOf('hostile'));
  expect(refused).toMatchObject({ kind: 'platform', error: { code: 'sandboxes_stuck', status: 503 } });
  expect(await bed.acquire(revisionOf('hostile', 'next-revision'))).toMatchObject({ kind: 'platform' });
  expect(await bed.acquire(revisionOf('hostile'), { exclusive: true })).toMatchObject({ kind: 'platform' });
  expect(bed.driver.createdCount).toBe(createdCount);
  (await bed.lease(revisionOf('other'))).release();
  isBusy = false;
  await until('they are gone', () => bed.guarded.stuck().length === 0);
  (await bed.lease(revisionOf('hostile'))).release();
});

test('callers who wait when their function is stopped are told, but while a sandbox of it is there they wait for that', async () => {
  await begin();
  const target = revisionOf('hostile', 'r1', { maxConcurrency: 5 });
  const kept = await bed.lease(target);
  const spoilt = await Promise.all([bed.lease(target), bed.lease(target), bed.lease(target)]);
  for (const lease of spoilt) {
    void lease.sandbox.destroy('spoilt');
    lease.release();
  }
  await until('three are stuck', () => bed.guarded.stuck().length === 3);
  const waiting = bed.acquire(target);
  kept.release();
  const served = await waiting;
  expect(served).toMatchObject({ kind: 'lease', lease: { start: 'warm' } });
  const told = bed.acquire(target);
  if (served.kind === 'lease') {
    void served.lease.sandbox.destroy('spoilt');
    served.lease.release();
  }
  expect(await told).toMatchObject({ kind: 'platform', error: { code: 'sandboxes_stuck' } });
});

test('minWarm of a stopped function starts nothing', async () => {
  await begin();
  for (let at = 0; at < 3; at++) await spoil(revisionOf('hostile'));
  const { createdCount } = bed.driver;
  const target = revisionOf('hostile', 'warm', { minWarm: 2 });
  bed.setLive(target.functionId, [target]);
  expect(await bed.acquire(target)).toMatchObject({ kind: 'platform', error: { code: 'sandboxes_stuck' } });
  expect(bed.driver.createdCount).toBe(createdCount);
  isBusy = false;
  await until('they are gone and the two are there', () => boundTo('hostile') === 2);
});
