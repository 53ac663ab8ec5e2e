import { expect, test } from 'vitest';
import { listLiveUids, pidsOfUid, UidPool } from './uid-pool.ts';

const range = { first: 900_000, count: 3 };

test('two live sandboxes never share a uid, and an empty pool is an error with a code', () => {
  const pool = new UidPool(range, { listLiveUids: () => new Set() });
  const uids = [pool.acquire(), pool.acquire(), pool.acquire()];
  expect(new Set(uids).size).toBe(3);
  expect(() => pool.acquire()).toThrowError(expect.objectContaining({ code: 'sandbox_start_failed' }));
  expect(pool.takenCount).toBe(3);
});

test('a uid comes back only when no process of it lives', () => {
  const live = new Set<number>();
  const pool = new UidPool(range, { listLiveUids: () => live });
  const [first, second] = [pool.acquire(), pool.acquire(), pool.acquire()] as const;
  live.add(first);
  pool.release(first);
  pool.release(second);
  expect(pool.acquire()).toBe(second);
  expect(() => pool.acquire()).toThrow();
  live.clear();
  expect(pool.acquire()).toBe(first);
});

test('a uid is given back once however often it is released, and an unknown one is ignored', () => {
  const pool = new UidPool({ first: 900_000, count: 1 }, { listLiveUids: () => new Set() });
  const uid = pool.acquire();
  pool.release(uid);
  pool.release(uid);
  pool.release(1);
  expect(pool.acquire()).toBe(uid);
  expect(() => pool.acquire()).toThrow();
});

test('the overflow uid, root and uids of strangers’ processes are never handed out', () => {
  const pool = new UidPool({ first: 65_533, count: 3 }, { listLiveUids: () => new Set([65_535]) });
  expect(pool.acquire()).toBe(65_533);
  expect(() => pool.acquire()).toThrow();
  expect(() => new UidPool({ first: 0, count: 1 }, { listLiveUids: () => new Set() }).acquire()).toThrow();
});

test('the seed shifts where the range is begun', () => {
  const first = (seed: string) => new UidPool({ first: 900_000, count: 1_000 }, { seed }).acquire();
  expect(first('00000000aaaa')).not.toBe(first('00000010aaaa'));
});

test.skipIf(process.platform !== 'linux')('processes are found by their real uid (needs Linux)', () => {
  const own = process.getuid?.() ?? 0;
  expect(listLiveUids()).toContain(own);
  expect(pidsOfUid(own)).toContain(process.pid);
});
