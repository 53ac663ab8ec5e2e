import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHANGES_KEPT, type Change } from '../contract/changes.ts';
import { AT, added, HERE, key, newFunction, session } from './examples.ts';
import type { OpenStore, StoreRig } from './store-rig.ts';

/** What every engine promises to several servers on one database. */
export function severalServersConformance(engine: string, openRig: () => Promise<StoreRig>): void {
  describe(`two servers on one database of ${engine}`, () => {
    let rig: StoreRig;
    let one: OpenStore;
    let two: OpenStore;
    beforeEach(async () => {
      rig = await openRig();
      [one, two] = await Promise.all([rig.openStore(), rig.openStore()]);
    });
    afterEach(async () => {
      await Promise.all([one.close(), two.close()]);
      await rig[Symbol.asyncDispose]();
    });

    const insertAll = (names: string[]) =>
      Promise.all(names.map((name, at) => (at % 2 ? one : two).in(HERE).functions.insert(newFunction(name))));

    test('writes of both at once all succeed, each after the other', async () => {
      await insertAll(Array.from({ length: 120 }, (_, number) => `fn${number}`));
      expect(await one.across.functions()).toHaveLength(120);
      expect(await two.across.functions()).toEqual(await one.across.functions());
    });

    test('of two that take one name, or deploy over one revision, the second is told so by its code', async () => {
      const expectOneRefused = async (code: string, work: (store: OpenStore, at: number) => Promise<void>) => {
        const results = await Promise.allSettled([one, two].map(work));
        expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
        expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code } });
      };
      await expectOneRefused('function_exists', (store, at) =>
        store.in(HERE).functions.insert(newFunction('hello', { id: `fn-${at}`, urlId: `url-${at}` })),
      );
      await one.in(HERE).functions.insert(newFunction('deployed'));
      await expectOneRefused('function_changed', (store) =>
        store.in(HERE).functions.addRevision('fn-deployed', added('fn-deployed', 2)),
      );
    });

    test('lives that begin at the same moment never share an epoch', async () => {
      const lives = await Promise.all(
        Array.from({ length: 20 }, (_, life) =>
          (life % 2 ? one : two).servers.register({ id: `${life}`, instance: 'a' }, 1),
        ),
      );
      const epochs = lives.map(({ epoch }) => epoch).sort((a, b) => a - b);
      expect(epochs).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    });

    test('the feed tells of every change that was committed, in that order, and of nothing else', async () => {
      expect(await two.changes.lastSeq()).toBe(0);
      const { functions, keys, sessions } = one.in(HERE);
      await functions.insert(newFunction('hello'));
      await functions.addRevision('fn-hello', added('fn-hello', 2));
      await functions.setState('fn-hello', 'failed', AT);
      await keys.insert(key('k1'));
      await keys.touch([{ id: 'k1', at: AT }]);
      await keys.remove('k1');
      await keys.remove('k1');
      await sessions.insert(session('s'));
      await sessions.extend('s', AT);
      await sessions.remove('s');
      await expect(functions.insert(newFunction('hello', { id: 'rival' }))).rejects.toThrow();
      await functions.remove('fn-hello');
      const of = (topic: Change['topic'], id: string) => ({ topic, workspaceId: HERE, id });
      const hello = of('function', 'fn-hello');
      const inAndOut = ['s', 's', 's'].map((id) => of('session', id));
      const told = [hello, hello, hello, of('key', 'k1'), of('key', 'k1'), ...inAndOut, hello];
      expect(await two.changes.since(0)).toEqual({
        changes: told.map((change, at) => ({ seq: at + 1, ...change })),
        lastSeq: told.length,
        isGap: false,
      });
      expect(await two.changes.since(told.length)).toEqual({ changes: [], lastSeq: told.length, isGap: false });
    });

    test('whoever follows the feed while both write misses nothing and sees each number once', async () => {
      const names = Array.from({ length: 200 }, (_, number) => `fn${number}`);
      let isWriting = true;
      const writing = insertAll(names).finally(() => {
        isWriting = false;
      });
      const seen: Change[] = [];
      for (let after = 0, isLast = false; !isLast; ) {
        isLast = !isWriting;
        const page = await two.changes.since(after);
        seen.push(...page.changes);
        after = page.lastSeq;
      }
      await writing;
      expect(seen.map(({ seq }) => seq)).toEqual(names.map((_, at) => at + 1));
      expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(names.map((name) => `fn-${name}`)));
    });

    test('a follower too far behind is told so, and so is one that is ahead of a database put back', async () => {
      await one.in(HERE).functions.insert(newFunction('hello'));
      const last = CHANGES_KEPT + 601;
      for (let done = 1; done < last; done += 200)
        await Promise.all(
          Array.from({ length: Math.min(200, last - done) }, () =>
            one.in(HERE).functions.setState('fn-hello', 'active', AT),
          ),
        );
      expect(await two.changes.since(1)).toEqual({ changes: [], lastSeq: last, isGap: true });
      expect(await two.changes.since(last + 5)).toEqual({ changes: [], lastSeq: last, isGap: true });
      expect((await two.changes.since(last - 100)).changes).toHaveLength(100);
    }, 60_000);
  });
}
