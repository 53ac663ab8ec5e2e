import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SCHEDULE_LIMITS, type Schedule } from '../../domain/schedule.ts';
import type { NewInvocation } from '../contract/queue-table.ts';
import type { Tick } from '../contract/schedules-table.ts';
import { ELSEWHERE, HERE, newFunction } from './examples.ts';
import type { OpenStore, StoreRig } from './store-rig.ts';

const NOON_MS = Date.UTC(2026, 4, 5, 12);

function schedule(id: string, over: Partial<Schedule> = {}): Schedule {
  return {
    ...{ id, workspaceId: HERE, functionId: 'fn-hello', name: id, expression: '* * * * *', timezone: 'UTC' },
    ...{ event: '{"a":"é"}', isEnabled: true, jitterMs: 0, catchUp: 'once', catchUpMax: 100 },
    ...{ catchUpWindowMs: 86_400_000, overlap: 'allow', startMs: null, endMs: null, origin: 'api', change: 1 },
    ...{
      createdMs: NOON_MS,
      updatedMs: NOON_MS,
      anchorMs: NOON_MS,
      nextMs: NOON_MS + 1,
      lastMs: null,
      waitingMs: null,
    },
    ...over,
  } as Schedule;
}

function invocation(id: string, scheduleId = 's'): NewInvocation {
  return {
    ...{ id, workspaceId: HERE, functionId: 'fn-hello', functionName: 'hello', queueKey: 'fn-hello:$LATEST' },
    ...{ trigger: 'schedule', event: new TextEncoder().encode('{}'), acceptedMs: NOON_MS, dueMs: NOON_MS },
    ...{ expiresMs: NOON_MS + 1e9, minIsolation: null, traceId: null, parentId: null, rootId: null, depth: 0 },
    scheduleId,
  };
}

function tick(expectedMs: number, names: string[], over: Partial<Tick> = {}): Tick {
  const runs = names.map((name, index) => ({
    runId: `run-${name}`,
    tickMs: expectedMs + index,
    invocation: invocation(`i-${name}`),
  }));
  return {
    ...{ scheduleId: 's', expectedMs, nextMs: expectedMs + 10, lastMs: expectedMs, overlap: 'allow' as const },
    ...{ runs, missed: 0, nowMs: NOON_MS },
    ...over,
  };
}

/** What every engine's store promises of schedules. */
export function schedulesConformance(engine: string, openRig: () => Promise<StoreRig>): void {
  describe(`schedules on ${engine}`, () => {
    let rig: StoreRig;
    let store: OpenStore;
    const table = () => store.in(HERE).schedules;
    const queued = async () => (await store.in(HERE).queued.list({}, { limit: 500 })).items.map(({ id }) => id);
    beforeEach(async () => {
      rig = await openRig();
      store = await rig.openStore();
      await store.in(HERE).functions.insert(newFunction('hello'));
    });
    afterEach(async () => {
      await store.close();
      await rig[Symbol.asyncDispose]();
    });

    test('a schedule reads back exactly as it was inserted, after a restart too, and the feed hears of it', async () => {
      const seq = await store.changes.lastSeq();
      const one = schedule('s', { startMs: 1, endMs: 2, jitterMs: 3, overlap: 'queue', isEnabled: false });
      await table().insert(one);
      expect((await store.changes.since(seq)).changes).toMatchObject([{ topic: 'schedule', id: 's' }]);
      await store.close();
      store = await rig.openStore();
      expect(await table().get('s')).toEqual(one);
      expect(await store.across.schedules()).toEqual([one]);
    });

    test('a name is taken once in a function; a schedule hangs on a function that is there', async () => {
      await table().insert(schedule('s', { name: 'nightly' }));
      const again = table().insert(schedule('t', { name: 'nightly' }));
      await expect(again).rejects.toMatchObject({ code: 'schedule_exists' });
      const nowhere = table().insert(schedule('t', { functionId: 'fn-nobody' }));
      await expect(nowhere).rejects.toMatchObject({ code: 'function_not_found' });
      const foreign = store.in(ELSEWHERE).schedules.insert(schedule('t'));
      await expect(foreign).rejects.toMatchObject({ code: 'function_not_found' });
    });

    test('a function has so many schedules and no more', async () => {
      for (let n = 0; n < SCHEDULE_LIMITS.perFunctionMax; n++) await table().insert(schedule(`s${n}`));
      await expect(table().insert(schedule('one-more'))).rejects.toMatchObject({ code: 'quota_exceeded' });
    });

    test('a change is written over what was read, and takes back nothing that a tick has done meanwhile', async () => {
      await table().insert(schedule('s'));
      await table().tick(tick(NOON_MS + 1, ['a']));
      await table().update(schedule('s', { change: 2, expression: '@daily', nextMs: NOON_MS + 50 }));
      expect(await table().get('s')).toMatchObject({ expression: '@daily', nextMs: NOON_MS + 50, lastMs: NOON_MS + 1 });
      const stale = table().update(schedule('s', { change: 2 }));
      await expect(stale).rejects.toMatchObject({ code: 'schedule_changed' });
      const gone = table().update(schedule('gone', { change: 2 }));
      await expect(gone).rejects.toMatchObject({ code: 'schedule_not_found' });
    });

    test('a tick becomes one invocation, whoever and however many look', async () => {
      await table().insert(schedule('s'));
      const other = await rig.openStore();
      const results = await Promise.all([
        table().tick(tick(NOON_MS + 1, ['a'])),
        other.in(HERE).schedules.tick(tick(NOON_MS + 1, ['b'])),
        table().tick(tick(NOON_MS + 1, ['c'])),
      ]);
      await other.close();
      expect(results.filter((queuedNow) => queuedNow !== null)).toHaveLength(1);
      expect(await queued()).toHaveLength(1);
      expect(await table().runs('s', 10)).toHaveLength(1);
      expect(await table().get('s')).toMatchObject({ nextMs: NOON_MS + 11, lastMs: NOON_MS + 1 });
    });

    test('a tick of a schedule that is paused, changed or gone queues nothing', async () => {
      await table().insert(schedule('s'));
      await table().update(schedule('s', { change: 2, isEnabled: false, nextMs: null }));
      expect(await table().tick(tick(NOON_MS + 1, ['a']))).toBeNull();
      await table().update(schedule('s', { change: 3, nextMs: NOON_MS + 7 }));
      expect(await table().tick(tick(NOON_MS + 1, ['a']))).toBeNull();
      expect(await table().remove('s')).toBe(true);
      expect(await table().remove('s')).toBe(false);
      expect(await table().tick(tick(NOON_MS + 7, ['a']))).toBeNull();
      expect(await queued()).toEqual([]);
    });

    test('a tick and its invocation are stored together or not at all', async () => {
      await table().insert(schedule('s'));
      await store.queue.accept([invocation('i-taken')]);
      await expect(table().tick(tick(NOON_MS + 1, ['new', 'taken']))).rejects.toThrow();
      expect(await table().get('s')).toMatchObject({ nextMs: NOON_MS + 1, lastMs: null });
      expect(await queued()).toEqual(['i-taken']);
    });

    test('with overlap `skip` nothing is queued while an invocation has not ended', async () => {
      await table().insert(schedule('s'));
      await table().tick(tick(NOON_MS + 1, ['a', 'b'], { overlap: 'skip' }));
      await table().tick(tick(NOON_MS + 11, ['c'], { overlap: 'skip' }));
      expect(await queued()).toEqual(['i-a']);
      expect(await table().live('s')).toEqual(['i-a']);
      await store.in(HERE).queued.cancel('i-a', NOON_MS);
      expect(await table().live('s')).toEqual([]);
      await table().tick(tick(NOON_MS + 21, ['d'], { overlap: 'skip' }));
      expect((await table().runs('s', 10)).map(({ outcome }) => outcome)).toEqual([
        'invoked',
        'overlapped',
        'overlapped',
        'invoked',
      ]);
    });

    test('with overlap `queue` one tick waits for the end of the invocation before it', async () => {
      await table().insert(schedule('s', { overlap: 'queue' }));
      await table().tick(tick(NOON_MS + 1, ['a', 'b', 'c'], { overlap: 'queue' }));
      expect(await table().get('s')).toMatchObject({ waitingMs: NOON_MS + 2 });
      expect(await table().release('s', NOON_MS + 2, invocation('i-late'))).toBe(false);
      await store.in(HERE).queued.cancel('i-a', NOON_MS);
      expect(await table().release('s', NOON_MS + 3, invocation('i-late'))).toBe(false);
      expect(await table().release('s', NOON_MS + 2, invocation('i-late'))).toBe(true);
      expect(await table().release('s', NOON_MS + 2, invocation('i-later'))).toBe(false);
      expect(await table().live('s')).toEqual(['i-late']);
      expect(await table().runs('s', 10)).toMatchObject([
        { outcome: 'overlapped', invocationId: null },
        { outcome: 'invoked', invocationId: 'i-late', tickMs: NOON_MS + 2 },
        { outcome: 'invoked', invocationId: 'i-a' },
      ]);
    });

    test('a tick that the queue has no room for is in the history', async () => {
      await table().insert(schedule('s'));
      const runs = [{ runId: 'r', tickMs: NOON_MS + 1, invocation: null }];
      expect(await table().tick(tick(NOON_MS + 1, [], { runs, missed: 7 }))).toEqual([]);
      expect(await table().runs('s', 10)).toMatchObject([{ outcome: 'queue_full', missed: 7, cause: 'tick' }]);
    });

    test('runs beyond those kept go, the oldest first, and all with the schedule', async () => {
      await table().insert(schedule('s'));
      const names = Array.from({ length: SCHEDULE_LIMITS.runsKept + 5 }, (_, n) => String(n).padStart(3, '0'));
      const runs = names.map((name) => ({ runId: name, tickMs: 1, invocation: invocation(name) }));
      expect(await table().invoke('s', 'backfill', runs.slice(0, 30), NOON_MS)).toHaveLength(30);
      await table().invoke('s', 'manual', runs.slice(30), NOON_MS);
      const kept = await table().runs('s', 500);
      expect(kept.map(({ id }) => id)).toEqual(names.slice(5).reverse());
      expect(await queued()).toHaveLength(names.length);
      await expect(table().invoke('gone', 'manual', runs, NOON_MS)).rejects.toMatchObject({
        code: 'schedule_not_found',
      });
      await table().remove('s');
      expect(await table().runs('s', 500)).toEqual([]);
      expect(await queued()).toHaveLength(names.length);
    });

    test('schedules go with their function', async () => {
      await table().insert(schedule('s'));
      await table().tick(tick(NOON_MS + 1, ['a']));
      await store.in(HERE).functions.remove('fn-hello');
      expect(await table().get('s')).toBeNull();
      expect(await table().tick(tick(NOON_MS + 11, ['b']))).toBeNull();
    });

    test('with the ids of another workspace nothing is read, changed or run', async () => {
      await table().insert(schedule('s'));
      const elsewhere = store.in(ELSEWHERE).schedules;
      expect(await elsewhere.get('s')).toBeNull();
      expect(await elsewhere.remove('s')).toBe(false);
      expect(await elsewhere.tick(tick(NOON_MS + 1, ['a']))).toBeNull();
      expect(await elsewhere.runs('s', 5)).toEqual([]);
      expect(await elsewhere.live('s')).toEqual([]);
      const changed = elsewhere.update(schedule('s', { change: 2 }));
      await expect(changed).rejects.toMatchObject({ code: 'schedule_not_found' });
      expect(await table().get('s')).toEqual(schedule('s'));
    });
  });
}
