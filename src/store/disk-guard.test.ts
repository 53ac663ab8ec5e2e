import { expect, test } from 'vitest';
import { DiskGuard } from './disk-guard.ts';
import { keptLog } from './testing/temp-dir.ts';

function guardOf(shares: number[], prune: () => Promise<number>) {
  const log = keptLog();
  const usedShare = async (): Promise<number> => (shares.length > 1 ? shares.shift()! : shares[0]!);
  return { log, guard: new DiskGuard({ dataDir: '/', prune, log, usedShare }) };
}

test('retention runs first: where it makes room, accepts never stop', async () => {
  let steps = 0;
  const { guard } = guardOf([0.97, 0.96, 0.9], async () => ++steps);
  await guard.check();
  expect([guard.isFull, steps]).toEqual([false, 2]);
});

test('at 95% in use accepts stop, and go on only once there is clearly room again', async () => {
  const { guard, log } = guardOf([0.949, 0.95, 0.945, 0.941, 0.93, 0.945], async () => 0);
  const seen: boolean[] = [];
  for (let turn = 0; turn < 6; turn++) {
    await guard.check();
    seen.push(guard.isFull);
  }
  expect(seen).toEqual([false, true, true, true, false, false]);
  expect(log.lines).toEqual(['the disk is full: accepts stop', 'the disk has room again']);
});

test('retention is bounded, and its failure on a full disk is a warning, not an end', async () => {
  let steps = 0;
  const busy = guardOf([1], async () => ++steps);
  await busy.guard.check();
  expect([busy.guard.isFull, steps]).toEqual([true, 50]);
  const broken = guardOf([1], () => Promise.reject(new Error('full')));
  await broken.guard.check();
  expect(broken.guard.isFull).toBe(true);
});

test('a disk that cannot be asked leaves the answer as it was; the real one can', async () => {
  const log = keptLog();
  const guard = new DiskGuard({ dataDir: '/no/such/directory', prune: async () => 0, log });
  await guard.start();
  await guard.stop();
  expect([guard.isFull, log.lines.length]).toEqual([false, 1]);
  const real = new DiskGuard({ dataDir: '/', prune: async () => 0, log });
  await real.check();
  expect(log.lines.length).toBeLessThanOrEqual(2);
});
