import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import { CatalogTestbed, SOURCE } from './testing/catalog-testbed.ts';

const bed = new CatalogTestbed();
const { create } = bed;

describe('change', () => {
  test('changes go over the deployed code; they need some, and are bounded like whole code', async () => {
    await create({ code: { files: { 'index.js': SOURCE, 'note.txt': 'kept' } } });
    const { catalog } = bed;
    await catalog.putCode(DEFAULT_WORKSPACE, 'hello', {
      changes: { 'index.js': `${SOURCE}\n`, 'lib.js': 'export {};' },
    });
    const { files } = await catalog.getCode(DEFAULT_WORKSPACE, 'hello');
    expect(files).toEqual({ 'index.js': `${SOURCE}\n`, 'lib.js': 'export {};', 'note.txt': 'kept' });
    await expect(
      catalog.putCode(DEFAULT_WORKSPACE, 'hello', { changes: { 'index.js': 'export const (' } }),
    ).rejects.toMatchObject({ code: 'syntax_error', errors: [{ path: 'index.js' }] });
    await expect(
      catalog.putCode(DEFAULT_WORKSPACE, 'hello', { changes: { big: 'x'.repeat(7 * 1024 * 1024) } }),
    ).rejects.toMatchObject({ code: 'payload_too_large' });
    const draft = { code: { changes: { 'index.js': SOURCE } }, settings: { runtime: 'nodejs' as const } };
    await expect(catalog.draft(DEFAULT_WORKSPACE, 'absent', draft)).rejects.toMatchObject({
      code: 'function_not_ready',
    });
  });

  test('I9: a change makes a new revision and leaves the held one as it was', async () => {
    const first = await create({ env: { A: '1' } });
    const held = bed.catalog.resolve('default', 'hello');
    const view = await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { timeoutMs: 500, env: { A: null, B: '2' } });
    expect(view).toMatchObject({
      timeoutMs: 500,
      env: { B: '2' },
      revision: { number: 2 },
      id: first.id,
      urlId: first.urlId,
    });
    expect(held).toMatchObject({ settings: { timeoutMs: 3_000 }, env: { A: '1' } });
    expect(bed.catalog.resolve('default', 'hello').key).not.toBe(held.key);
    expect(bed.changes.at(-1)).toEqual([first.id, bed.catalog.resolve('default', 'hello').key]);
  });

  test('an unchanged deploy makes no revision, tells nobody and keeps the ETag', async () => {
    const view = await create({ env: { A: '1', T: { secret: 'x' } }, tags: { a: 'b' }, runtime: 'nodejs' });
    const target = bed.catalog.resolve('default', 'hello');
    const same = {
      env: { T: { secret: 'x' }, A: '1' },
      tags: { a: 'b' },
      timeoutMs: 3_000,
      runtime: 'nodejs' as const,
    };
    expect(await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', same)).toEqual(view);
    expect(await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { env: { T: { secret: true } } })).toEqual(view);
    expect(await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', {})).toEqual(view);
    expect(await bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: SOURCE })).toEqual(view);
    expect(bed.catalog.resolve('default', 'hello')).toBe(target);
    expect(bed.changes).toHaveLength(1);
  });

  test('null goes back to the default; lists are replaced; a changed secret is a change', async () => {
    await create({
      timeoutMs: 500,
      tags: { a: '1', b: '2' },
      url: { auth: 'none', cors: { allowOrigins: ['https://x.example'] } },
      env: { T: { secret: 'x' } },
    });
    const view = await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', {
      timeoutMs: null,
      tags: { a: null },
      url: { auth: null },
    });
    expect(view).toMatchObject({
      timeoutMs: 3_000,
      tags: { b: '2' },
      url: { auth: 'key', cors: { allowOrigins: ['https://x.example'] } },
    });
    expect((await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { url: null, tags: null, env: null })).env).toEqual(
      {},
    );
    await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { env: { T: { secret: 'y' } } });
    expect(bed.catalog.resolve('default', 'hello').env).toEqual({ T: 'y' });
  });

  test('what is the function’s own changes without another revision, and counts at once', async () => {
    const first = await create({ env: { T: { secret: 'x' } } });
    const { key } = bed.catalog.resolve('default', 'hello');
    const own = {
      ...{ queueTimeoutMs: 7, maxConcurrency: 5, minWarm: 2, capture: 'all' as const, description: 'd' },
      ...{ tags: { a: '1' }, url: { auth: 'none' as const }, routes: [{ method: 'GET', path: '/a' }] },
    };
    const view = await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', own);
    expect(view).toMatchObject({ ...own, revision: first.revision });
    expect(view.etag).not.toBe(first.etag);
    const target = bed.catalog.resolve('default', 'hello');
    expect(target).toMatchObject({ key, functionSettings: own });
    expect(bed.catalog.live()).toEqual([
      [first.id, { maxConcurrency: 5, revisions: [{ target, minWarm: 2, isStocked: true }] }],
    ]);
    expect(bed.catalog.urls.routes()).toEqual([{ method: 'GET', path: '/a', functionId: first.id }]);
    await bed.reopen();
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello')).toEqual(view);
  });

  test('going back to earlier settings is a change of its own: an old ETag stays old', async () => {
    const { etag, revision } = await create();
    await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { description: 'x' });
    const back = await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { description: null });
    expect(back.etag).not.toBe(etag);
    const stale = bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { description: 'y' }, { ifMatch: etag });
    await expect(stale).rejects.toMatchObject({ code: 'function_changed' });
    // Code goes over the revision that its author saw, whatever the description is by now.
    await bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: `${SOURCE} //` }, { ifMatch: `"${revision.id}"` });
    await expect(
      bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: SOURCE }, { ifMatch: `"${revision.id}"` }),
    ).rejects.toMatchObject({ code: 'function_changed' });
  });

  test('If-Match lets through the ETag that was read, once', async () => {
    const { etag } = await create();
    await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { timeoutMs: 500 }, { ifMatch: etag });
    const stale = { ifMatch: etag };
    for (const attempt of [
      bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { timeoutMs: 600 }, stale),
      bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: `${SOURCE} //` }, stale),
      bed.catalog.remove(DEFAULT_WORKSPACE, 'hello', stale),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'function_changed' });
    }
    await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { timeoutMs: 700 }, { ifMatch: '*' });
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello').timeoutMs).toBe(700);
  });

  test('changes at once happen one after another and none is lost', async () => {
    await create();
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { env: { [`V${i}`]: 'x' } })),
    );
    expect(Object.keys(bed.catalog.get(DEFAULT_WORKSPACE, 'hello').env)).toHaveLength(10);
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello').revision.number).toBe(11);
  });

  test('refused code leaves the function as it was', async () => {
    const view = await create();
    await expect(bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: 'nope(' })).rejects.toMatchObject({
      code: 'syntax_error',
    });
    await expect(bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { handler: 'x.y' })).rejects.toMatchObject({
      code: 'invalid_handler',
    });
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello')).toEqual(view);
  });

  test('a zip becomes code and reads back as JSON and as a zip', async () => {
    await create();
    const zipPath = join(bed.dataDir, 'code.zip');
    writeFileSync(zipPath, await buffer(await bed.catalog.getCodeZip(DEFAULT_WORKSPACE, 'hello')));
    await bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { files: { 'index.js': 'exports.handler = 1' } });
    await bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { zipPath });
    expect((await bed.catalog.getCode(DEFAULT_WORKSPACE, 'hello')).files).toEqual({ 'index.js': SOURCE });
  });
});

describe('isolation', () => {
  test('a deploy never weakens a fence nobody asked to weaken, and takes a stronger one when it is there', async () => {
    bed.usable = ['bubblewrap', 'process'];
    expect((await create()).effectiveIsolation).toBe('bubblewrap');
    bed.usable = ['docker', 'bubblewrap', 'process'];
    expect(
      (await bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: `${SOURCE} // 2` })).effectiveIsolation,
    ).toBe('docker');
    bed.usable = ['process'];
    expect(
      (await bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: `${SOURCE} // 3` })).effectiveIsolation,
    ).toBe('docker');
    expect((await bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { isolation: 'process' })).effectiveIsolation).toBe(
      'process',
    );
    await expect(bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { isolation: 'docker' })).rejects.toMatchObject({
      code: 'isolation_not_usable',
    });
  });

  test('a function of an isolation being prepared becomes active when it is ready', async () => {
    bed.preparing = ['docker'];
    const view = await create();
    expect(view.state).toBe('preparing');
    expect(bed.catalog.resolve('default', 'hello').revision.isolation).toBe('docker');
    await bed.catalog.isolationReady('bubblewrap');
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello').state).toBe('preparing');
    await bed.catalog.isolationReady('docker');
    await bed.catalog.isolationReady('docker');
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello').state).toBe('active');
    await bed.reopen();
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello').state).toBe('active');
  });
});

describe('remove', () => {
  test('I9: a removed function is gone for new calls, while a held revision keeps its package', async () => {
    const view = await create({ env: { T: { secret: 'x' } } });
    const held = bed.catalog.resolve('default', 'hello');
    await bed.catalog.remove(DEFAULT_WORKSPACE, 'hello');
    expect(() => bed.catalog.resolve('default', 'hello')).toThrow(
      expect.objectContaining({ code: 'function_not_found' }),
    );
    expect(bed.catalog.urls.byUrlId(view.urlId)).toBeNull();
    expect(bed.catalog.byId(view.id)).toBeNull();
    expect(bed.changes.at(-1)).toEqual([view.id, null]);
    expect(await bed.catalog.collectPackages(DEFAULT_WORKSPACE)).toBe(0);
    expect(await readdir(held.package.path)).toEqual(['index.js']);
    await expect(bed.catalog.remove(DEFAULT_WORKSPACE, 'hello')).rejects.toMatchObject({ code: 'function_not_found' });
    const again = await create();
    expect(again.id).not.toBe(view.id);
    expect(again.urlId).not.toBe(view.urlId);
  });
});
