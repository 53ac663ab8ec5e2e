import { expect, test } from 'vitest';
import {
  AT,
  added,
  comparison,
  ELSEWHERE,
  HERE,
  key,
  newFunction,
  revision,
  SETTINGS,
  secret,
  session,
} from './examples.ts';
import type { OpenStore } from './store-rig.ts';

/** Workspaces that share a store see nothing of each other. They only compete for what the server has once. */
export function scopeConformance(store: () => OpenStore): void {
  const here = () => store().in(HERE);
  const elsewhere = () => store().in(ELSEWHERE);
  const missing = { code: 'function_not_found' };

  test('with the ids of another workspace nothing is read, changed or removed', async () => {
    await here().functions.insert(newFunction('hello', { secrets: [secret('s1', 'fn-hello')], routeKeys: ['GET /a'] }));
    await here().keys.insert(key('k1'));
    await here().sessions.insert(session('s'));
    const event = { functionId: 'fn-hello', name: 'a', event: '{}', updatedAt: AT };
    await here().testEvents.put(event);
    await here().comparisons.insert(comparison('c'), 'server', 5);
    const state = async () => ({
      functions: await store().across.functions(),
      keys: await store().across.keys(),
      sessions: await store().across.sessions(),
      secrets: await here().secrets.get(['s1']),
      events: await here().testEvents.list('fn-hello'),
      comparison: await here().comparisons.get('c'),
    });
    const before = await state();

    const { functions, keys, sessions, secrets, testEvents, comparisons } = elsewhere();
    expect(await functions.get('fn-hello')).toBeNull();
    expect(await functions.revision('fn-hello-1')).toBeNull();
    expect(await functions.packageHashes()).toEqual([]);
    await expect(functions.addRevision('fn-hello', added('fn-hello', 2))).rejects.toMatchObject(missing);
    const changed = { settings: SETTINGS, routeKeys: [], change: 2, at: AT };
    await expect(functions.setSettings('fn-hello', changed)).rejects.toMatchObject(missing);
    await expect(functions.setState('fn-hello', 'failed', AT)).rejects.toMatchObject(missing);
    await expect(functions.remove('fn-hello')).rejects.toMatchObject(missing);
    expect(await keys.get('k1')).toBeNull();
    expect(await keys.remove('k1')).toBe(false);
    await keys.touch([{ id: 'k1', at: AT }]);
    expect(await sessions.get('s')).toBeNull();
    expect(await sessions.extend('s', '2030-01-01T00:00:00.000Z')).toBe(false);
    expect(await sessions.remove('s')).toBe(false);
    expect(await secrets.get(['s1'])).toEqual([]);
    expect(await testEvents.list('fn-hello')).toEqual([]);
    expect(await testEvents.get('fn-hello', 'a')).toBeNull();
    await expect(testEvents.put({ ...event, event: '1' })).rejects.toMatchObject(missing);
    expect(await testEvents.remove('fn-hello', 'a')).toBe(false);
    expect(await comparisons.get('c')).toBeNull();
    expect(await comparisons.list('fn-hello', { limit: 5 })).toEqual({ items: [], nextCursor: null });
    await comparisons.update(comparison('c', { state: 'cancelled' }));
    await expect(comparisons.insert(comparison('c2'), 'server', 0)).rejects.toMatchObject(missing);

    expect(await state()).toEqual(before);
  });

  test('rows of one workspace cannot hang on a function of another', async () => {
    await here().functions.insert(newFunction('hello'));
    const stray = newFunction('stray', { secrets: [secret('s9', 'fn-hello')] });
    await expect(elsewhere().functions.insert(stray)).rejects.toMatchObject({ code: 'internal' });
    expect(await elsewhere().functions.get('fn-stray')).toBeNull();
  });

  test('a name is taken once per workspace', async () => {
    await here().functions.insert(newFunction('hello'));
    const again = newFunction('hello', { id: 'other', urlId: 'other', revision: revision('other', 1) });
    await expect(here().functions.insert(again)).rejects.toMatchObject({ code: 'function_exists' });
    await elsewhere().functions.insert(again);
    expect(await store().across.functions()).toHaveLength(2);
  });

  test('a route is taken once on the whole server, and is free again when its function lets go of it', async () => {
    await here().functions.insert(newFunction('a', { routeKeys: ['GET /a', 'GET /b'] }));
    const rival = newFunction('b', { routeKeys: ['GET /c', 'GET /b'] });
    const taken = { code: 'invalid_settings', errors: [{ path: '/routes/1' }] };
    await expect(elsewhere().functions.insert(rival)).rejects.toMatchObject(taken);
    await here().functions.addRevision('fn-a', added('fn-a', 2, { routeKeys: ['GET /a'] }));
    await elsewhere().functions.insert(rival);
    const back = here().functions.addRevision('fn-a', added('fn-a', 3, { routeKeys: ['GET /a', 'GET /b'] }));
    await expect(back).rejects.toMatchObject(taken);
    expect((await here().functions.get('fn-a'))?.revision.number).toBe(2);
    await here().functions.remove('fn-a');
    await here().functions.insert(newFunction('c', { routeKeys: ['GET /a'] }));
  });
}
