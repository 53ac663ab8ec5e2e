import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AT, added, comparison, HERE, key, newFunction, revision, SETTINGS, secret, session } from './examples.ts';
import { scopeConformance } from './scope-conformance.ts';
import type { OpenStore, StoreRig } from './store-rig.ts';

/** What every engine's control store promises to one server. */
export function controlStoreConformance(engine: string, openRig: () => Promise<StoreRig>): void {
  describe(`the control store on ${engine}`, () => {
    let rig: StoreRig;
    let store: OpenStore;
    beforeEach(async () => {
      rig = await openRig();
      store = await rig.openStore();
    });
    afterEach(async () => {
      await store.close();
      await rig[Symbol.asyncDispose]();
    });
    const here = () => store.in(HERE);

    test('a function reads back exactly as it was inserted, after a restart too', async () => {
      await here().functions.insert(newFunction('hello'));
      const before = await store.across.functions();
      await store.close();
      store = await rig.openStore();
      expect(await store.across.functions()).toEqual(before);
      expect(await here().functions.get('fn-hello')).toEqual(before[0]);
      expect(before[0]).toMatchObject({ id: 'fn-hello', urlId: 'url-hello', createdAt: AT, workspaceId: HERE });
      expect(before[0]?.revision).toEqual(revision('fn-hello', 1));
    });

    test('of two deploys that read the same revision only one wins', async () => {
      await here().functions.insert(newFunction('hello'));
      const rival = added('fn-hello', 2, { revision: { ...revision('fn-hello', 2), id: 'rival' } });
      const results = await Promise.allSettled([
        here().functions.addRevision('fn-hello', added('fn-hello', 2)),
        here().functions.addRevision('fn-hello', rival),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
      expect(results[1]).toMatchObject({ reason: { code: 'function_changed' } });
      expect((await here().functions.get('fn-hello'))?.revision.id).toBe('fn-hello-2');
      expect(await here().functions.revision('fn-hello-1')).toEqual(revision('fn-hello', 1));
    });

    test('settings of the function change without another revision, and only over what was read', async () => {
      await here().functions.insert(newFunction('hello'));
      const changed = { settings: { ...SETTINGS, minWarm: 2 }, routeKeys: ['GET /a'], change: 2, at: AT };
      await here().functions.setSettings('fn-hello', changed);
      const again = here().functions.setSettings('fn-hello', changed);
      await expect(again).rejects.toMatchObject({ code: 'function_changed' });
      expect(await here().functions.get('fn-hello')).toMatchObject({
        ...{ settings: changed.settings, change: 2, revision: { id: 'fn-hello-1', number: 1 } },
      });
    });

    test('changing what is not there is refused by its code', async () => {
      const missing = { code: 'function_not_found' };
      const { functions, testEvents, comparisons } = here();
      await expect(functions.addRevision('nobody', added('nobody', 2))).rejects.toMatchObject(missing);
      const changed = { settings: SETTINGS, routeKeys: [], change: 2, at: AT };
      await expect(functions.setSettings('nobody', changed)).rejects.toMatchObject(missing);
      await expect(functions.setState('nobody', 'failed', AT)).rejects.toMatchObject(missing);
      await expect(functions.remove('nobody')).rejects.toMatchObject(missing);
      const event = { functionId: 'nobody', name: 'a', event: '{}', updatedAt: AT };
      await expect(testEvents.put(event)).rejects.toMatchObject(missing);
      await expect(comparisons.insert(comparison('c'), 'server', 5)).rejects.toMatchObject(missing);
    });

    test('removing a function takes along all that hangs on it, and nothing else', async () => {
      for (const name of ['hello', 'other']) {
        const [functionId, secrets] = [`fn-${name}`, [secret(`s-${name}`, `fn-${name}`)]];
        await here().functions.insert(newFunction(name, { secrets, routeKeys: [`GET /${name}`] }));
        await here().testEvents.put({ functionId, name: 'a', event: '{"__proto__":1}', updatedAt: AT });
        await here().comparisons.insert(comparison(`c-${name}`, { functionId }), 'server', 5);
      }
      await here().functions.remove('fn-hello');
      expect(await here().functions.revision('fn-hello-1')).toBeNull();
      expect((await here().secrets.get(['s-hello', 's-other'])).map((row) => row.id)).toEqual(['s-other']);
      expect(await here().testEvents.list('fn-hello')).toEqual([]);
      expect(await here().comparisons.get('c-hello')).toBeNull();
      expect(await here().testEvents.list('fn-other')).toHaveLength(1);
      expect(await here().functions.packageHashes()).toEqual(['c'.repeat(64)]);
      await here().functions.remove('fn-other');
      expect(await here().functions.packageHashes()).toEqual([]);
    });

    test('keys, sessions, secrets, test events and settings read back as written', async () => {
      await here().keys.insert(key('k1'));
      await here().keys.touch([{ id: 'k1', at: '2026-01-02T00:00:00.123Z' }]);
      expect(await store.across.keys()).toEqual([{ ...key('k1'), lastUsedAt: '2026-01-02T00:00:00.123Z' }]);
      expect(await here().keys.remove('k1')).toBe(true);
      expect(await here().keys.remove('k1')).toBe(false);
      await here().sessions.insert(session('s'));
      expect(await store.across.sessions()).toEqual([session('s')]);
      expect(await here().sessions.get('s')).toEqual(session('s'));
      expect(await here().sessions.extend('s', '2026-06-01T00:00:00.000Z')).toBe(true);
      expect(await store.across.pruneSessions('2026-05-01T00:00:00.000Z')).toBe(0);
      expect(await store.across.pruneSessions('2026-06-01T00:00:00.000Z')).toBe(1);
      expect(await here().sessions.get('s')).toBeNull();
      await here().functions.insert(newFunction('hello', { secrets: [secret('s1', 'fn-hello')] }));
      expect(await here().secrets.get(['s1'])).toEqual([secret('s1', 'fn-hello')]);
      const event = { functionId: 'fn-hello', name: 'first', event: '{"a": 1}', updatedAt: AT };
      expect(await here().testEvents.put(event)).toEqual({ created: true });
      expect(await here().testEvents.put({ ...event, event: '[]' })).toEqual({ created: false });
      expect(await here().testEvents.get('fn-hello', 'first')).toEqual({ ...event, event: '[]' });
      expect(await here().testEvents.remove('fn-hello', 'first')).toBe(true);
      await store.settings.put('a', 'abc');
      await store.settings.put('a', 'def');
      expect(await store.settings.get('a')).toBe('def');
      await store.settings.remove('a');
      expect(await store.settings.get('a')).toBeNull();
    });

    test('a write is whole or not there: what it did before it failed is gone', async () => {
      await here().functions.insert(newFunction('holds', { routeKeys: ['GET /b'] }));
      const secrets = [secret('s1', 'fn-hello')];
      const failing = here().functions.insert(newFunction('hello', { secrets, routeKeys: ['GET /a', 'GET /b'] }));
      await expect(failing).rejects.toMatchObject({ code: 'invalid_settings', errors: [{ path: '/routes/1' }] });
      expect(await here().functions.get('fn-hello')).toBeNull();
      expect(await here().functions.revision('fn-hello-1')).toBeNull();
      expect(await here().secrets.get(['s1'])).toEqual([]);
      expect(await store.changes.lastSeq()).toBe(1);
      await here().functions.insert(newFunction('hello', { secrets, routeKeys: ['GET /a'] }));
    });

    test('writes that come in together are each whole, and one that fails leaves its neighbours alone', async () => {
      const names = Array.from({ length: 300 }, (_, number) => (number === 150 ? 'fn0' : `fn${number}`));
      const results = await Promise.allSettled(names.map((name) => here().functions.insert(newFunction(name))));
      expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
      expect(await store.across.functions()).toHaveLength(299);
    });

    test('the epoch of a server rises with each life, also when the clock was set back', async () => {
      const register = async (id: string, instance: string, nowMs: number) =>
        (await store.servers.register({ id, instance }, nowMs)).epoch;
      expect(await register('1', 'a', 5_000)).toBe(5_000);
      expect(await register('2', 'a', 4_000)).toBe(5_001);
      expect(await register('3', 'a', 9_000)).toBe(9_000);
      expect(await register('4', 'b', 1_000)).toBe(1_000);
      await store.servers.end('3');
      expect(await register('5', 'a', 0)).toBe(9_001);
    });

    test('only what earlier lives of the same instance left running is interrupted', async () => {
      await here().functions.insert(newFunction('hello'));
      const first = await store.servers.register({ id: 'a1', instance: 'a' }, 10);
      const other = await store.servers.register({ id: 'b1', instance: 'b' }, 5);
      const next = await store.servers.register({ id: 'a2', instance: 'a' }, 11);
      for (const { id } of [first, other, next]) await here().comparisons.insert(comparison(`of-${id}`), id, 10);
      await here().comparisons.insert(comparison('done', { state: 'finished' }), first.id, 10);
      expect(await store.across.interruptComparisons(next, AT)).toBe(1);
      const stateOf = async (id: string) => (await here().comparisons.get(id))?.comparison.state;
      expect(await stateOf('of-a1')).toBe('interrupted');
      expect([await stateOf('of-b1'), await stateOf('of-a2')]).toEqual(['running', 'running']);
      expect(await stateOf('done')).toBe('finished');
    });

    test('closing answers the calls made before it, and refuses those after', async () => {
      const before = store.settings.put('a', 'b');
      const closing = store.close();
      await expect(before).resolves.toBeUndefined();
      await closing;
      await expect(store.settings.get('a')).rejects.toMatchObject({ code: 'storage_unavailable' });
    });

    scopeConformance(() => store);
  });
}
