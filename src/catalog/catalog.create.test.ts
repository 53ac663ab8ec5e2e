import { describe, expect, test } from 'vitest';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { ControlStore } from '../store/contract/control-store.ts';
import type { CreateFunction } from './catalog-input.ts';
import { CatalogTestbed } from './testing/catalog-testbed.ts';

const bed = new CatalogTestbed();
const { create, stored } = bed;

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
    const target = bed.catalog.resolve('default', 'hello');
    expect(target).toMatchObject({ functionId: view.id, functionName: 'hello', version: '$LATEST', env: {} });
    expect(target.package.path).toContain(view.codeSha256);
    expect(bed.catalog.resolve('default', 'hello')).toBe(target);
    expect(bed.catalog.resolve('default', 'hello:$LATEST')).toBe(target);
    expect(bed.catalog.urls.byUrlId(view.urlId)?.target).toBe(target);
    expect(bed.catalog.urls.byName('hello')?.urlId).toBe(view.urlId);
    expect(bed.catalog.urls.byFunctionId(view.id)?.target).toBe(target);
    expect(bed.changes).toEqual([[view.id, target.key]]);
  });

  test('a bare language becomes a runtime, and python source becomes index.py', async () => {
    expect((await create({ runtime: 'python', code: { source: 'def handler(e, c): pass' } })).runtime).toBe(
      'python3.11',
    );
    expect((await bed.catalog.getCode(DEFAULT_WORKSPACE, 'hello')).files).toEqual({
      'index.py': 'def handler(e, c): pass',
    });
  });

  test('everything is there again after a restart, secrets included', async () => {
    const view = await create({ env: { A: '1', TOKEN: { secret: 'sesame' }, __proto__x: 'y' }, tags: { team: 'a' } });
    const before = bed.catalog.resolve('default', 'hello');
    await bed.reopen();
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello')).toEqual(view);
    expect(bed.catalog.resolve('default', 'hello')).toEqual(before);
    expect(bed.catalog.resolve('default', 'hello').env).toEqual({ A: '1', TOKEN: 'sesame', __proto__x: 'y' });
    expect(view.env).toEqual({ A: '1', TOKEN: { secret: true }, __proto__x: 'y' });
    expect(JSON.stringify(await bed.store.across.functions())).not.toContain('sesame');
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
    ['a name the runtime would replace', { env: { AWS_EXECUTION_ENV: 'x' } }, 'invalid_settings'],
    ['the name of its own folder', { env: { PWD: 'x' } }, 'invalid_settings'],
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
    ['a method nobody sends', { routes: [{ method: 'FETCH', path: '/a' }] }, 'invalid_settings'],
    ['an escape, which is compared decoded', { routes: [{ method: 'GET', path: '/a%20b' }] }, 'invalid_settings'],
    ['a handler that is not there', { handler: 'app.handler' }, 'invalid_handler'],
    ['a syntax error', { code: { source: 'export const handler = ;' } }, 'syntax_error'],
    ['a path that leaves the package', { code: { files: { '../x.js': '' } } }, 'invalid_code'],
    ['more than 6 MiB', { code: { source: '/'.repeat(6 * 1024 * 1024 + 1) } }, 'payload_too_large'],
    ['no files', { code: { files: {} } }, 'invalid_code'],
  ])('%s is refused and nothing is half-created', async (_, over, code) => {
    const name = over.name ?? 'hello';
    await expect(create(over)).rejects.toMatchObject({ code });
    expect(await stored()).toEqual({ functions: 0, staged: [] });
    expect(() => bed.catalog.get(DEFAULT_WORKSPACE, name)).toThrow(
      expect.objectContaining({ code: 'function_not_found' }),
    );
    expect(bed.changes).toEqual([]);
  });

  test('a name is taken once, also by creates at once; the loser changes nothing', async () => {
    const results = await Promise.allSettled([create(), create({ timeoutMs: 500 }), create({ timeoutMs: 600 })]);
    const refused = results.filter((one) => one.status === 'rejected');
    expect(refused.map((one) => one.reason.code)).toEqual(['function_exists', 'function_exists']);
    expect(await stored()).toEqual({ functions: 1, staged: [] });
    expect(bed.changes).toHaveLength(1);
  });

  test('a workspace has a bound, also for creates at once', async () => {
    await bed.reopen({ functionsMax: 3 });
    const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => create({ name })));
    const codes = results.map((one) => (one.status === 'rejected' ? one.reason.code : 'ok')).sort();
    expect(codes).toEqual(['ok', 'ok', 'ok', 'quota_exceeded', 'quota_exceeded']);
    await bed.catalog.remove(DEFAULT_WORKSPACE, bed.catalog.list(DEFAULT_WORKSPACE).items[0]!.name);
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
    expect(bed.catalog.urls.routes()).toHaveLength(2);
    expect(bed.catalog.urls.routes()).toBe(bed.catalog.urls.routes());
    await bed.catalog.remove(DEFAULT_WORKSPACE, 'c');
    expect(bed.catalog.urls.routes()).toHaveLength(1);
  });

  test('a store that fails leaves nothing in memory', async () => {
    const insert = () => Promise.reject(new ColdframeError('storage_full'));
    const failing: ControlStore['in'] = (workspaceId) => {
      const store = bed.store.in(workspaceId);
      return { ...store, functions: { ...store.functions, insert } };
    };
    await bed.reopen({ store: { in: failing, across: bed.store.across } });
    await expect(create()).rejects.toMatchObject({ code: 'storage_full' });
    expect(() => bed.catalog.resolve('default', 'hello')).toThrow();
    expect(bed.changes).toEqual([]);
  });
});
