import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSecretBox } from '../auth/master-key.ts';
import { SecretBox } from '../auth/secret-box.ts';
import type { Isolation } from '../domain/names.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { PackageStore } from '../packages/package-store.ts';
import { removeTree } from '../packages/remove-tree.ts';
import type { ControlStore } from '../store/control-store.ts';
import { openControlStore } from '../store/open-control-store.ts';
import { keptLog } from '../store/testing/temp-dir.ts';
import { Catalog, type CatalogOptions } from './catalog.ts';
import type { CreateFunction } from './catalog-input.ts';
import { CodeCheck } from './code-check.ts';
import { TestEvents } from './test-events.ts';

let dataDir: string;
let store: ControlStore & { close(): Promise<void> };
let codeCheck: CodeCheck;
let catalog: Catalog;
let changes: [string, string | null][];
/** Strongest first, as an operator's order; `preparing` ones are not ready yet. */
let usable: Isolation[];
let preparing: Isolation[];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'coldframe-catalog-'));
  store = await openControlStore({ dataDir, log: keptLog() });
  codeCheck = new CodeCheck({ pythonFor: () => null });
});

beforeEach(async () => {
  usable = ['docker', 'bubblewrap', 'process'];
  preparing = [];
  catalog = await opened();
});

afterEach(async () => {
  for (const { id } of await store.functions.all()) await store.functions.remove(id);
  await removeTree(join(dataDir, 'packages'));
});

afterAll(async () => {
  await codeCheck.stop();
  await store.close();
  await removeTree(dataDir);
});

async function opened(over: Partial<CatalogOptions> = {}): Promise<Catalog> {
  const packages = new PackageStore({ dataDir });
  await packages.start();
  const one = new Catalog({ store, packages, codeCheck, secrets: openSecretBox(dataDir, null), isolations, ...over });
  await one.load();
  changes = [];
  one.onChange((functionId, next) => changes.push([functionId, next?.key ?? null]));
  return one;
}

const isolations: CatalogOptions['isolations'] = {
  async resolve(choice, runtime) {
    const isolation = choice === 'auto' ? usable[0] : usable.find((one) => one === choice);
    if (!isolation) throw new ColdframeError('isolation_not_usable');
    if (runtime === 'python3.13') throw new ColdframeError('runtime_unavailable');
    const memoryMinMib = isolation === 'docker' ? 128 : 64;
    return { isolation, preparing: preparing.includes(isolation), memoryMinMib, networks: ['none'] };
  },
  async newestRuntime(language) {
    return language === 'nodejs' ? 'nodejs24' : 'python3.11';
  },
};

const SOURCE = 'export const handler = async (event) => ({ hello: event.name });';
const hello = (over: Partial<CreateFunction> = {}): CreateFunction => ({
  name: 'hello',
  runtime: 'nodejs24',
  code: { source: SOURCE },
  ...over,
});
const create = (over?: Partial<CreateFunction>) => catalog.create('default', hello(over));
const stored = async () => ({
  functions: (await store.functions.all()).length,
  staged: (await readdir(join(dataDir, 'packages', 'default')).catch(() => [])).filter((name) => name.startsWith('.')),
});

describe('create', () => {
  test('a function has every default, a url id, an ARN, and can be resolved at once', async () => {
    const view = await create();
    expect(view).toMatchObject({
      name: 'hello',
      runtime: 'nodejs24',
      handler: 'index.handler',
      timeoutMs: 3_000,
      memoryMib: 128,
      isolation: 'auto',
      effectiveIsolation: 'docker',
      network: 'none',
      url: { auth: 'key' },
      env: {},
      state: 'active',
      revision: { number: 1 },
      version: '$LATEST',
      arn: 'arn:aws:lambda:local:000000000000:function:hello',
    });
    const target = catalog.resolve('default', 'hello');
    expect(target).toMatchObject({ functionId: view.id, functionName: 'hello', version: '$LATEST', env: {} });
    expect(target.package.path).toContain(view.codeSha256);
    expect(catalog.resolve('default', 'hello')).toBe(target);
    expect(catalog.resolve('default', 'hello:$LATEST')).toBe(target);
    expect(catalog.urls.byUrlId(view.urlId)?.target).toBe(target);
    expect(catalog.urls.byName('hello')?.urlId).toBe(view.urlId);
    expect(catalog.urls.byFunctionId(view.id)?.target).toBe(target);
    expect(changes).toEqual([[view.id, target.key]]);
  });

  test('a bare language becomes a runtime, and python source becomes index.py', async () => {
    expect((await create({ runtime: 'python', code: { source: 'def handler(e, c): pass' } })).runtime).toBe(
      'python3.11',
    );
    expect((await catalog.getCode('default', 'hello')).files).toEqual({ 'index.py': 'def handler(e, c): pass' });
  });

  test('everything is there again after a restart, secrets included', async () => {
    const view = await create({ env: { A: '1', TOKEN: { secret: 'sesame' }, __proto__x: 'y' }, tags: { team: 'a' } });
    const before = catalog.resolve('default', 'hello');
    catalog = await opened();
    expect(catalog.get('default', 'hello')).toEqual(view);
    expect(catalog.resolve('default', 'hello')).toEqual(before);
    expect(catalog.resolve('default', 'hello').env).toEqual({ A: '1', TOKEN: 'sesame', __proto__x: 'y' });
    expect(view.env).toEqual({ A: '1', TOKEN: { secret: true }, __proto__x: 'y' });
    expect(JSON.stringify(await store.functions.all())).not.toContain('sesame');
  });

  test.each<[string, Partial<CreateFunction>, string]>([
    ['a wrong name', { name: 'no spaces' }, 'invalid_request'],
    ['an unknown runtime', { runtime: 'ruby' as 'python' }, 'unknown_runtime'],
    ['a runtime this host has not', { runtime: 'python3.13', code: { source: '' } }, 'runtime_unavailable'],
    ['an unknown isolation', { isolation: 'jail' as 'auto' }, 'unknown_isolation'],
    ['an isolation this host has not', { isolation: 'firecracker' }, 'isolation_not_usable'],
    ['too little memory', { memoryMib: 63 }, 'invalid_settings'],
    ['too little memory for the isolation', { memoryMib: 64 }, 'invalid_settings'],
    ['half a millisecond', { timeoutMs: 1000.5 }, 'invalid_settings'],
    ['too long', { timeoutMs: 900_001 }, 'invalid_settings'],
    ['not a number', { cpus: Number.NaN }, 'invalid_settings'],
    ['egress where nothing fences it', { network: 'egress' }, 'network_unenforceable'],
    ['more warm than may run', { minWarm: 5, maxConcurrency: 4 }, 'invalid_settings'],
    [
      'calls at once in Python',
      { runtime: 'python3.11', code: { source: '' }, concurrencyPerSandbox: 2 },
      'invalid_settings',
    ],
    [
      'credentials for every origin',
      { url: { cors: { allowOrigins: ['*'], allowCredentials: true } } },
      'invalid_settings',
    ],
    ['a header injected by CORS', { url: { cors: { allowOrigins: ['a\r\nb'] } } }, 'invalid_settings'],
    ['a wrong env name', { env: { 'A-B': '1' } }, 'invalid_settings'],
    ['a reserved env name', { env: { AWS_LAMBDA_FUNCTION_NAME: 'x' } }, 'invalid_settings'],
    ['another reserved env name', { env: { _HANDLER: 'x' } }, 'invalid_settings'],
    ['the channel variable', { env: { COLDFRAME_TOKEN: 'x' } }, 'invalid_settings'],
    ['a NUL in env', { env: { A: 'a\0b' } }, 'invalid_settings'],
    ['too much env', { env: { A: 'x'.repeat(65_536) } }, 'invalid_settings'],
    ['keeping a secret that is not there', { env: { A: { secret: true } as never } }, 'invalid_settings'],
    ['a route without slash', { routes: [{ method: 'GET', path: 'shop' }] }, 'invalid_settings'],
    ['a route under /fn', { routes: [{ method: 'GET', path: '/fn/x' }] }, 'invalid_settings'],
    ['a greedy part in the middle', { routes: [{ method: 'GET', path: '/{a+}/b' }] }, 'invalid_settings'],
    [
      'a route twice',
      {
        routes: [
          { method: 'GET', path: '/{a}' },
          { method: 'GET', path: '/{b}/' },
        ],
      },
      'invalid_settings',
    ],
    ['a wrong method', { routes: [{ method: 'get', path: '/a' }] }, 'invalid_settings'],
    ['a handler that is not there', { handler: 'app.handler' }, 'invalid_handler'],
    ['a syntax error', { code: { source: 'export const handler = ;' } }, 'syntax_error'],
    ['a path that leaves the package', { code: { files: { '../x.js': '' } } }, 'invalid_code'],
    ['more than 6 MiB', { code: { source: '/'.repeat(6 * 1024 * 1024 + 1) } }, 'payload_too_large'],
    ['no files', { code: { files: {} } }, 'invalid_code'],
  ])('%s is refused and nothing is half-created', async (_, over, code) => {
    const name = over.name ?? 'hello';
    await expect(create(over)).rejects.toMatchObject({ code });
    expect(await stored()).toEqual({ functions: 0, staged: [] });
    expect(() => catalog.get('default', name)).toThrow(expect.objectContaining({ code: 'function_not_found' }));
    expect(changes).toEqual([]);
  });

  test('a name is taken once, also by creates at once; the loser changes nothing', async () => {
    const results = await Promise.allSettled([create(), create({ timeoutMs: 500 }), create({ timeoutMs: 600 })]);
    const refused = results.filter((one) => one.status === 'rejected');
    expect(refused.map((one) => one.reason.code)).toEqual(['function_exists', 'function_exists']);
    expect(await stored()).toEqual({ functions: 1, staged: [] });
    expect(changes).toHaveLength(1);
  });

  test('a workspace has a bound, also for creates at once', async () => {
    catalog = await opened({ functionsMax: 3 });
    const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => create({ name })));
    const codes = results.map((one) => (one.status === 'rejected' ? one.reason.code : 'ok')).sort();
    expect(codes).toEqual(['ok', 'ok', 'ok', 'quota_exceeded', 'quota_exceeded']);
    await catalog.remove('default', catalog.list('default').items[0]!.name);
    await create({ name: 'f' });
  });

  test('two functions cannot answer the same route, also when created at once', async () => {
    const routes = (path: string) => [{ method: 'GET', path }];
    const both = await Promise.allSettled([
      create({ name: 'a', routes: routes('/shop/{id}') }),
      create({ name: 'b', routes: routes('/shop/{other}') }),
    ]);
    expect(both.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    await create({ name: 'c', routes: [{ method: 'POST', path: '/shop/{id}' }] });
    expect(catalog.urls.routes()).toHaveLength(2);
    expect(catalog.urls.routes()).toBe(catalog.urls.routes());
    await catalog.remove('default', 'c');
    expect(catalog.urls.routes()).toHaveLength(1);
  });

  test('a store that fails leaves nothing in memory', async () => {
    const functions = { ...store.functions, insert: () => Promise.reject(new ColdframeError('storage_full')) };
    catalog = await opened({ store: { functions, secrets: store.secrets } });
    await expect(create()).rejects.toMatchObject({ code: 'storage_full' });
    expect(() => catalog.resolve('default', 'hello')).toThrow();
    expect(changes).toEqual([]);
  });
});

describe('resolve', () => {
  test('unknown names, versions and workspaces have their own codes', async () => {
    await create();
    const codeOf = (workspaceId: string, ref: string) => {
      try {
        catalog.resolve(workspaceId, ref);
        return 'ok';
      } catch (error) {
        return (error as ColdframeError).code;
      }
    };
    expect(codeOf('default', 'nope')).toBe('function_not_found');
    expect(codeOf('other', 'hello')).toBe('function_not_found');
    expect(codeOf('default', '__proto__')).toBe('function_not_found');
    expect(codeOf('default', 'hello:1')).toBe('version_not_found');
    expect(codeOf('default', 'hello:')).toBe('version_not_found');
  });

  test('a function whose package or master key is lost is failed, and a deploy mends it; others serve', async () => {
    const lost = await create();
    await create({ name: 'other', code: { source: `${SOURCE} // other` } });
    await create({ name: 'sealed', code: { source: `${SOURCE} // sealed` }, env: { A: { secret: 'x' } } });
    await removeTree(join(dataDir, 'packages', 'default', lost.codeSha256));
    catalog = await opened({ secrets: new SecretBox([Buffer.alloc(32, 9)]) });
    for (const name of ['hello', 'sealed']) {
      expect(catalog.get('default', name).state).toBe('failed');
      expect(() => catalog.resolve('default', name)).toThrow(expect.objectContaining({ code: 'function_not_ready' }));
    }
    catalog.resolve('default', 'other');
    const mended = await catalog.putCode('default', 'hello', { source: SOURCE });
    expect(mended).toMatchObject({ state: 'active', revision: lost.revision });
    expect(catalog.resolve('default', 'hello').functionId).toBe(lost.id);
    await expect(catalog.update('default', 'sealed', { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'invalid_settings',
    });
    await catalog.update('default', 'sealed', { env: { A: { secret: 'y' } } });
    expect(catalog.resolve('default', 'sealed').env).toEqual({ A: 'y' });
  });
});

describe('change', () => {
  test('I9: a change makes a new revision and leaves the held one as it was', async () => {
    const first = await create({ env: { A: '1' } });
    const held = catalog.resolve('default', 'hello');
    const view = await catalog.update('default', 'hello', { timeoutMs: 500, env: { A: null, B: '2' } });
    expect(view).toMatchObject({
      timeoutMs: 500,
      env: { B: '2' },
      revision: { number: 2 },
      id: first.id,
      urlId: first.urlId,
    });
    expect(held).toMatchObject({ settings: { timeoutMs: 3_000 }, env: { A: '1' } });
    expect(catalog.resolve('default', 'hello').key).not.toBe(held.key);
    expect(changes.at(-1)).toEqual([first.id, catalog.resolve('default', 'hello').key]);
  });

  test('an unchanged deploy makes no revision, tells nobody and keeps the ETag', async () => {
    const view = await create({ env: { A: '1', T: { secret: 'x' } }, tags: { a: 'b' }, runtime: 'nodejs' });
    const target = catalog.resolve('default', 'hello');
    const same = {
      env: { T: { secret: 'x' }, A: '1' },
      tags: { a: 'b' },
      timeoutMs: 3_000,
      runtime: 'nodejs' as const,
    };
    expect(await catalog.update('default', 'hello', same)).toEqual(view);
    expect(await catalog.update('default', 'hello', { env: { T: { secret: true } } })).toEqual(view);
    expect(await catalog.update('default', 'hello', {})).toEqual(view);
    expect(await catalog.putCode('default', 'hello', { source: SOURCE })).toEqual(view);
    expect(catalog.resolve('default', 'hello')).toBe(target);
    expect(changes).toHaveLength(1);
  });

  test('null goes back to the default; lists are replaced; a changed secret is a change', async () => {
    await create({
      timeoutMs: 500,
      tags: { a: '1', b: '2' },
      url: { auth: 'none', cors: { allowOrigins: ['x'] } },
      env: { T: { secret: 'x' } },
    });
    const view = await catalog.update('default', 'hello', { timeoutMs: null, tags: { a: null }, url: { auth: null } });
    expect(view).toMatchObject({
      timeoutMs: 3_000,
      tags: { b: '2' },
      url: { auth: 'key', cors: { allowOrigins: ['x'] } },
    });
    expect((await catalog.update('default', 'hello', { url: null, tags: null, env: null })).env).toEqual({});
    await catalog.update('default', 'hello', { env: { T: { secret: 'y' } } });
    expect(catalog.resolve('default', 'hello').env).toEqual({ T: 'y' });
  });

  test('If-Match lets through the ETag that was read, once', async () => {
    const { etag } = await create();
    await catalog.update('default', 'hello', { timeoutMs: 500 }, { ifMatch: etag });
    const stale = { ifMatch: etag };
    for (const attempt of [
      catalog.update('default', 'hello', { timeoutMs: 600 }, stale),
      catalog.putCode('default', 'hello', { source: `${SOURCE} //` }, stale),
      catalog.remove('default', 'hello', stale),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'function_changed' });
    }
    await catalog.update('default', 'hello', { timeoutMs: 700 }, { ifMatch: '*' });
    expect(catalog.get('default', 'hello').timeoutMs).toBe(700);
  });

  test('changes at once happen one after another and none is lost', async () => {
    await create();
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => catalog.update('default', 'hello', { env: { [`V${i}`]: 'x' } })),
    );
    expect(Object.keys(catalog.get('default', 'hello').env)).toHaveLength(10);
    expect(catalog.get('default', 'hello').revision.number).toBe(11);
  });

  test('refused code leaves the function as it was', async () => {
    const view = await create();
    await expect(catalog.putCode('default', 'hello', { source: 'nope(' })).rejects.toMatchObject({
      code: 'syntax_error',
    });
    await expect(catalog.update('default', 'hello', { handler: 'x.y' })).rejects.toMatchObject({
      code: 'invalid_handler',
    });
    expect(catalog.get('default', 'hello')).toEqual(view);
  });

  test('a zip becomes code and reads back as JSON and as a zip', async () => {
    await create();
    const zipPath = join(dataDir, 'code.zip');
    writeFileSync(zipPath, await buffer(await catalog.getCodeZip('default', 'hello')));
    await catalog.putCode('default', 'hello', { files: { 'index.js': 'exports.handler = 1' } });
    await catalog.putCode('default', 'hello', { zipPath });
    expect((await catalog.getCode('default', 'hello')).files).toEqual({ 'index.js': SOURCE });
  });
});

describe('isolation', () => {
  test('a deploy never weakens a fence nobody asked to weaken, and takes a stronger one when it is there', async () => {
    usable = ['bubblewrap', 'process'];
    expect((await create()).effectiveIsolation).toBe('bubblewrap');
    usable = ['docker', 'bubblewrap', 'process'];
    expect((await catalog.putCode('default', 'hello', { source: `${SOURCE} // 2` })).effectiveIsolation).toBe('docker');
    usable = ['process'];
    expect((await catalog.putCode('default', 'hello', { source: `${SOURCE} // 3` })).effectiveIsolation).toBe('docker');
    expect((await catalog.update('default', 'hello', { isolation: 'process' })).effectiveIsolation).toBe('process');
    await expect(catalog.update('default', 'hello', { isolation: 'docker' })).rejects.toMatchObject({
      code: 'isolation_not_usable',
    });
  });

  test('a function of an isolation being prepared becomes active when it is ready', async () => {
    preparing = ['docker'];
    const view = await create();
    expect(view.state).toBe('preparing');
    expect(catalog.resolve('default', 'hello').revision.isolation).toBe('docker');
    await catalog.isolationReady('bubblewrap');
    expect(catalog.get('default', 'hello').state).toBe('preparing');
    await catalog.isolationReady('docker');
    await catalog.isolationReady('docker');
    expect(catalog.get('default', 'hello').state).toBe('active');
    catalog = await opened();
    expect(catalog.get('default', 'hello').state).toBe('active');
  });
});

describe('remove', () => {
  test('I9: a removed function is gone for new calls, while a held revision keeps its package', async () => {
    const view = await create({ env: { T: { secret: 'x' } } });
    const held = catalog.resolve('default', 'hello');
    await catalog.remove('default', 'hello');
    expect(() => catalog.resolve('default', 'hello')).toThrow(expect.objectContaining({ code: 'function_not_found' }));
    expect(catalog.urls.byUrlId(view.urlId)).toBeNull();
    expect(catalog.byId(view.id)).toBeNull();
    expect(changes.at(-1)).toEqual([view.id, null]);
    expect(await catalog.collectPackages('default')).toBe(0);
    expect(await readdir(held.package.path)).toEqual(['index.js']);
    await expect(catalog.remove('default', 'hello')).rejects.toMatchObject({ code: 'function_not_found' });
    const again = await create();
    expect(again.id).not.toBe(view.id);
    expect(again.urlId).not.toBe(view.urlId);
  });
});

describe('draft', () => {
  test('unsaved code and settings run under a key of their own and change nothing', async () => {
    const view = await create({ env: { T: { secret: 'x' }, A: '1' } });
    const draft = await catalog.draft('default', 'hello', {
      code: { source: 'exports.handler = 2' },
      settings: { env: { A: '2' } },
    });
    expect(draft).toMatchObject({ functionId: view.id, env: { T: 'x', A: '2' } });
    expect(draft.key).not.toBe(catalog.resolve('default', 'hello').key);
    expect(catalog.get('default', 'hello')).toEqual(view);
    await expect(catalog.draft('default', 'hello', { code: { source: '(' }, settings: null })).rejects.toMatchObject({
      code: 'syntax_error',
    });
  });

  test('a function not made yet needs code and a runtime', async () => {
    const code = { source: SOURCE };
    await expect(catalog.draft('default', 'new', { code, settings: null })).rejects.toMatchObject({
      code: 'function_not_found',
    });
    expect(await catalog.draft('default', 'new', { code, settings: { runtime: 'nodejs' } })).toMatchObject({
      functionName: 'new',
    });
    expect((await stored()).functions).toBe(0);
  });
});

describe('list', () => {
  test('pages hold each function once, in order, found by name, description or tag', async () => {
    for (const name of ['b', 'a', 'c', 'd']) await create({ name, tags: name === 'c' ? { team: 'Payments' } : {} });
    const first = catalog.list('default', { limit: 3 });
    expect(first.items.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    await catalog.remove('default', 'c');
    const second = catalog.list('default', { limit: 3, cursor: first.nextCursor! });
    expect(second.items.map(({ name }) => name)).toEqual(['d']);
    expect(second.nextCursor).toBeNull();
    expect(catalog.list('default', { sort: '-createdAt', limit: 1 }).items[0]?.name).toBe('d');
    expect(catalog.list('default', { q: 'PAYM' }).items).toEqual([]);
    expect(catalog.list('other').items).toEqual([]);
  });

  test('a cursor of another order, rubbish, or an unknown order is refused', async () => {
    for (const name of ['a', 'b']) await create({ name });
    const { nextCursor } = catalog.list('default', { limit: 1 });
    for (const options of [
      { cursor: nextCursor!, sort: '-name' as const },
      { cursor: '%%' },
      { sort: 'size' as 'name' },
    ]) {
      expect(() => catalog.list('default', options)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    }
  });
});

describe('test events', () => {
  test('an event is kept exactly as sent and goes with its function', async () => {
    await create();
    const events = new TestEvents({ functions: catalog, table: store.testEvents });
    const text = '{ "__proto__": {"a": 1},  "n": 1e2 }';
    expect(await events.put('default', 'hello', 'one', text)).toEqual({ created: true });
    expect(await events.put('default', 'hello', 'one', text)).toEqual({ created: false });
    expect((await events.get('default', 'hello', 'one')).event).toBe(text);
    await expect(events.put('default', 'hello', 'bad name', '1')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(events.put('default', 'hello', 'two', '{')).rejects.toMatchObject({ code: 'invalid_json' });
    const large = `"${'x'.repeat(6 * 1024 * 1024)}"`;
    await expect(events.put('default', 'hello', 'two', large)).rejects.toMatchObject({ code: 'payload_too_large' });
    await expect(events.get('default', 'hello', 'two')).rejects.toMatchObject({ code: 'test_event_not_found' });
    await expect(events.list('default', 'nope')).rejects.toMatchObject({ code: 'function_not_found' });
    expect(await events.list('default', 'hello')).toHaveLength(1);
    await events.remove('default', 'hello', 'one');
    await expect(events.remove('default', 'hello', 'one')).rejects.toMatchObject({ code: 'test_event_not_found' });
  });
});
