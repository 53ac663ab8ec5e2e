import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import { ChangeFollower } from '../store/feed/change-follower.ts';
import { openControlStore } from '../store/open-control-store.ts';
import { keptLog } from '../store/testing/temp-dir.ts';
import type { Catalog } from './catalog.ts';
import { CatalogTestbed, SOURCE } from './testing/catalog-testbed.ts';

const bed = new CatalogTestbed();

/** A second server on the same store: its own connection, its own memory. */
describe('two servers on one database', () => {
  let store: Awaited<ReturnType<typeof openControlStore>>;
  let one: Catalog;
  let two: Catalog;
  let feeds: { one: ChangeFollower; two: ChangeFollower };
  let heardByTwo: string[];

  beforeEach(async () => {
    store = await openControlStore({ dataDir: bed.dataDir, log: keptLog() });
    const follow = async (changes: typeof store.changes, of: typeof store) => {
      const feed = await ChangeFollower.open({ changes, log: keptLog(), pollMs: 20 });
      await bed.reopen({ store: of, catchUp: () => feed.catchUp() });
      feed.follow('function', bed.catalog);
      return { feed, catalog: bed.catalog };
    };
    const first = await follow(bed.store.changes, bed.store);
    const second = await follow(store.changes, store);
    [one, two] = [first.catalog, second.catalog];
    feeds = { one: first.feed, two: second.feed };
    heardByTwo = [];
    two.onChange((functionId, live) => heardByTwo.push(live === null ? 'gone' : functionId));
  });
  afterEach(async () => {
    await feeds.one.stop();
    await feeds.two.stop();
    await store.close();
  });

  const deploy = (catalog: Catalog, over: object = {}) =>
    catalog.create(DEFAULT_WORKSPACE, { name: 'hello', runtime: 'nodejs24', code: { source: SOURCE }, ...over });

  test('a deploy, a change and a removal on one are the other’s at its next turn, listeners included', async () => {
    const env = { TOKEN: { secret: 'sesame' } };
    const made = await deploy(one, { env, routes: [{ method: 'GET', path: '/a' }] });
    expect(() => two.resolve(DEFAULT_WORKSPACE, 'hello')).toThrow();
    await feeds.two.catchUp();
    expect(two.get(DEFAULT_WORKSPACE, 'hello')).toEqual(made);
    expect(two.resolve(DEFAULT_WORKSPACE, 'hello')).toEqual(one.resolve(DEFAULT_WORKSPACE, 'hello'));
    expect(two.resolve(DEFAULT_WORKSPACE, 'hello').env).toEqual({ TOKEN: 'sesame' });
    expect(two.urls.routes()).toEqual([{ method: 'GET', path: '/a', functionId: made.id }]);

    await one.putCode(DEFAULT_WORKSPACE, 'hello', { source: `${SOURCE} // 2` });
    await one.update(DEFAULT_WORKSPACE, 'hello', { description: 'changed', routes: [] });
    await feeds.two.catchUp();
    expect(two.get(DEFAULT_WORKSPACE, 'hello')).toEqual(one.get(DEFAULT_WORKSPACE, 'hello'));
    expect(two.urls.routes()).toEqual([]);
    expect(two.urls.byUrlId(made.urlId)?.target.revision.id).toBe(one.resolve(DEFAULT_WORKSPACE, 'hello').revision.id);

    await one.remove(DEFAULT_WORKSPACE, 'hello');
    await feeds.two.catchUp();
    expect(() => two.resolve(DEFAULT_WORKSPACE, 'hello')).toThrow();
    expect(two.urls.byUrlId(made.urlId)).toBeNull();
    expect(heardByTwo[0]).toBe(made.id);
    expect(heardByTwo.at(-1)).toBe('gone');
  });

  test('by itself, without being asked', async () => {
    feeds.two.start();
    await deploy(one);
    await expect.poll(() => heardByTwo.length, { timeout: 10_000 }).toBe(1);
    expect(two.get(DEFAULT_WORKSPACE, 'hello')).toEqual(one.get(DEFAULT_WORKSPACE, 'hello'));
  });

  test('a change on the second is made over what the first stored, not over what it remembers', async () => {
    await deploy(one);
    await one.update(DEFAULT_WORKSPACE, 'hello', { tags: { a: '1' } });
    await two.update(DEFAULT_WORKSPACE, 'hello', { tags: { b: '2' } });
    expect(two.get(DEFAULT_WORKSPACE, 'hello').tags).toEqual({ a: '1', b: '2' });
    await expect(deploy(two)).rejects.toMatchObject({ code: 'function_exists' });
    await two.remove(DEFAULT_WORKSPACE, 'hello');
    await deploy(one);
    await feeds.two.catchUp();
    expect(two.get(DEFAULT_WORKSPACE, 'hello')).toEqual(one.get(DEFAULT_WORKSPACE, 'hello'));
  });

  test('of two that take a name or a route at the same moment, one is refused by its code', async () => {
    const names = await Promise.allSettled([deploy(one), deploy(two)]);
    expect(names.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(names.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'function_exists' } });
    const routes = [{ method: 'GET', path: '/same/{id}' }];
    const claims = await Promise.allSettled([
      deploy(one, { name: 'a', routes }),
      deploy(two, { name: 'b', routes: [{ method: 'GET', path: '/same/{other}' }] }),
    ]);
    expect(claims.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(claims.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'invalid_settings' } });
  });

  test('what a server changed itself comes back by the feed without being told twice', async () => {
    await deploy(two);
    await two.update(DEFAULT_WORKSPACE, 'hello', { description: 'x' });
    const heard = heardByTwo.length;
    await feeds.two.catchUp();
    expect(heardByTwo).toHaveLength(heard);
  });

  test('a server that missed changes reads everything anew', async () => {
    await deploy(one);
    await deploy(one, { name: 'other' });
    await feeds.two.catchUp();
    await one.remove(DEFAULT_WORKSPACE, 'hello');
    await one.update(DEFAULT_WORKSPACE, 'other', { description: 'x' });
    await deploy(one, { name: 'third' });
    await two.reload();
    expect(two.list(DEFAULT_WORKSPACE)).toEqual(one.list(DEFAULT_WORKSPACE));
  });
});
