import { afterEach, expect, test } from 'vitest';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { revisionOf, Testbed, until } from './testing/pool-testbed.ts';
import type { AcquireResult, Lease } from './types.ts';

let bed: Testbed;
const held: Lease[] = [];
afterEach(async () => {
  for (const lease of held.splice(0)) lease.release();
  await bed.stop();
});

/** Answers as they come; leases are held until the test's end. */
function ask(target: RunnableRevision, slotsMax = 100): { results: AcquireResult[]; withdraw: () => void } {
  bed.announceOnce(target);
  const results: AcquireResult[] = [];
  const withdraw = bed.pool.acquireBackground(target, slotsMax, (result) => {
    results.push(result);
    if (result.kind === 'lease') held.push(result.lease);
  });
  return { results, withdraw };
}

test('an ask starts a sandbox and is given its slot; a free slot is given at once', async () => {
  bed = await new Testbed().start();
  const target = revisionOf('a');
  const first = ask(target);
  await until('the first lease', () => first.results.length === 1);
  expect(first.results).toMatchObject([{ kind: 'lease', lease: { start: 'cold' } }]);
  held.pop()!.release();
  expect(ask(target).results).toMatchObject([{ kind: 'lease', lease: { start: 'warm' } }]);
});

test('never more slots are held in the background than the function leaves for it, and callers get the rest', async () => {
  bed = await new Testbed().start();
  const target = revisionOf('a', 'a-r1', { maxConcurrency: 4 });
  const asks = Array.from({ length: 6 }, () => ask(target, 3));
  const given = () => asks.filter(({ results }) => results.length > 0).length;
  await until('three slots', () => given() === 3);
  held.push(await bed.lease(target));
  expect(given()).toBe(3);
  held.shift()!.release();
  expect(given()).toBe(4);
  for (const { withdraw } of asks) withdraw();
});

test('nothing is given in the background while a caller of the function waits, and asks count for no bound on callers', async () => {
  bed = await new Testbed().start();
  const target = revisionOf('a', 'a-r1', { maxConcurrency: 1 });
  const running = await bed.lease(target);
  const asks = Array.from({ length: 2_000 }, () => ask(target, 1));
  const caller = bed.acquire(target);
  running.release();
  const result = await caller;
  expect(result.kind).toBe('lease');
  expect(asks.every(({ results }) => results.length === 0)).toBe(true);
  if (result.kind === 'lease') result.lease.release();
  await until('one slot in the background', () => asks.filter(({ results }) => results.length > 0).length === 1);
  expect(bed.pool.snapshot().queued).toBe(0);
  for (const { withdraw } of asks) withdraw();
});

test('code that does not load answers one ask, and so does each start that we fail', async () => {
  let fails = 1;
  const broken = { load: () => Promise.reject(new SyntaxError('no')), handler: () => null };
  bed = await new Testbed({
    code: { 'bad-r1': broken },
    onCreate: () => {
      if (fails-- > 0) throw new Error('planned failure');
    },
  }).start();
  const ours = ask(revisionOf('a'));
  await until('our failure', () => ours.results.length === 1);
  expect(ours.results).toMatchObject([{ kind: 'platform' }]);
  const theirs = [ask(revisionOf('bad')), ask(revisionOf('bad'))];
  await until('both failures', () => theirs.every(({ results }) => results.length === 1));
  for (const { results } of theirs)
    expect(results).toMatchObject([{ kind: 'loadFailed', result: { kind: 'loadError' } }]);
});

test('an ask for a revision that is no longer live is told so, and a withdrawn one hears nothing and starts nothing', async () => {
  bed = await new Testbed().start();
  const [old, next] = [revisionOf('a', 'a-r1', { maxConcurrency: 1 }), revisionOf('a', 'a-r2', { maxConcurrency: 1 })];
  bed.setLive('id-a', [old]);
  held.push(await bed.lease(old));
  const waiting = ask(old, 1);
  const withdrawn = ask(old, 1);
  withdrawn.withdraw();
  bed.setLive('id-a', [next]);
  expect([waiting.results, withdrawn.results]).toEqual([[{ kind: 'gone' }], []]);
  expect(ask(old, 1).results).toEqual([{ kind: 'gone' }]);
  bed.setLive('id-a', null);
  expect(ask(next, 1).results).toEqual([{ kind: 'gone' }]);
});
