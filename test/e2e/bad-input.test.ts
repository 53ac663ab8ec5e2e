import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostLag } from '../../src/sandbox/conformance/host-lag.ts';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { ADMIN_KEY, TestServer } from '../support/test-server.ts';

const MIB = 1024 * 1024;
const ECHO = { source: fixture('echo', 'nodejs') };
const GOOD = { name: 'never-made', runtime: 'nodejs', code: ECHO };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
  for (const language of FIXTURE_LANGUAGES)
    await server.deploy(`echo-${language}`, language, fixture('echo', language), { timeoutMs: 20_000 });
});
afterAll(() => server.stop());

interface Problem {
  type: string;
  status: number;
  code: string;
  detail: string;
  requestId: string;
  errors?: { path: string; message: string }[];
}

describe('creating', () => {
  const DEEP = `${'d/'.repeat(200)}x.js`;
  const REFUSED: [string, Record<string, unknown>, number, string, string?][] = [
    ['an empty name', { name: '' }, 400, 'invalid_request', '/name'],
    ['a name with a slash', { name: 'a/b' }, 400, 'invalid_request', '/name'],
    ['a name with dots', { name: '../x' }, 400, 'invalid_request', '/name'],
    ['a name that begins with a dash', { name: '-x' }, 400, 'invalid_request', '/name'],
    ['a name over 64', { name: 'x'.repeat(65) }, 400, 'invalid_request', '/name'],
    ['a number for a name', { name: 7 }, 400, 'invalid_request', '/name'],
    ['no name', { name: undefined }, 400, 'invalid_request'],
    ['no runtime', { runtime: undefined }, 400, 'invalid_request'],
    ['no code', { code: undefined }, 400, 'invalid_request'],
    ['an unknown runtime', { runtime: 'ruby3.3' }, 422, 'unknown_runtime'],
    ['an unknown isolation', { isolation: 'steel' }, 422, 'unknown_isolation'],
    ['an isolation that is not here', { isolation: 'firecracker' }, 422, 'isolation_not_usable'],
    ['an unknown field', { memory: 128 }, 400, 'invalid_request', '/memory'],
    ['an unknown field in code', { code: { source: 'x', zip: '' } }, 400, 'invalid_request', '/code/zip'],
    ['text for a number', { timeoutMs: '3000' }, 400, 'invalid_request', '/timeoutMs'],
    ['a number for text', { description: 5 }, 400, 'invalid_request', '/description'],
    ['half a millisecond', { timeoutMs: 1000.5 }, 400, 'invalid_request', '/timeoutMs'],
    ['a timeout too short', { timeoutMs: 99 }, 400, 'invalid_request', '/timeoutMs'],
    ['a timeout too long', { timeoutMs: 900_001 }, 400, 'invalid_request', '/timeoutMs'],
    ['memory too small', { memoryMib: 63 }, 400, 'invalid_request', '/memoryMib'],
    ['a list for env', { env: ['A=1'] }, 400, 'invalid_request', '/env'],
    ['a number in env', { env: { A: 1 } }, 400, 'invalid_request', '/env/A'],
    ['an env name with =', { env: { 'A=B': '1' } }, 422, 'invalid_settings', '/env/A=B'],
    ['an env name of the platform', { env: { COLDFRAME_TOKEN: '1' } }, 422, 'invalid_settings', '/env/COLDFRAME_TOKEN'],
    ['a NUL in env', { env: { A: 'a\u0000b' } }, 422, 'invalid_settings', '/env/A'],
    ['env over 64 KiB', { env: { A: 'x'.repeat(70_000) } }, 422, 'invalid_settings', '/env'],
    ['a handler of a missing file', { handler: 'other.handler' }, 422, 'invalid_handler', '/handler'],
    ['a handler without a dot', { handler: 'handler' }, 422, 'invalid_handler', '/handler'],
    ['a handler outside', { handler: '../x.handler' }, 422, 'invalid_handler', '/handler'],
    ['both source and files', { code: { source: 'x', files: { 'a.js': 'x' } } }, 400, 'invalid_request'],
    ['neither source nor files', { code: {} }, 400, 'invalid_request'],
    ['no files at all', { code: { files: {} } }, 422, 'invalid_code'],
    ['a file outside', { code: { files: { '../a.js': 'x', 'index.js': 'x' } } }, 422, 'invalid_code'],
    ['an absolute file', { code: { files: { '/etc/x': 'x', 'index.js': 'x' } } }, 422, 'invalid_code'],
    ['a file below a file', { code: { files: { 'index.js': 'x', 'index.js/a': 'x' } } }, 422, 'invalid_code'],
    ['a path too deep', { code: { files: { 'index.js': 'x', [DEEP]: 'x' } } }, 422, 'invalid_code'],
    ['a NUL in a path', { code: { files: { 'index.js': 'x', 'a\u0000b': 'x' } } }, 422, 'invalid_code'],
    ['a route without a slash', { routes: [{ method: 'GET', path: 'x' }] }, 400, 'invalid_request', '/routes/0/path'],
    ['a route into /fn/', { routes: [{ method: 'GET', path: '/fn/x' }] }, 422, 'invalid_settings', '/routes/0/path'],
    [
      'a route with an unclosed name',
      { routes: [{ method: 'GET', path: '/{x' }] },
      422,
      'invalid_settings',
      '/routes/0/path',
    ],
    ['network egress where unfenced', { network: 'egress', isolation: 'process' }, 422, 'network_unenforceable'],
  ];

  it.each(REFUSED)('I7: %s is refused, and nothing is made', async (_what, wrong, status, code, path) => {
    const name = (wrong.name as string | undefined) ?? GOOD.name;
    const reply = await server.api<Problem>('POST', '/functions', { ...GOOD, ...wrong });
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.body).toMatchObject({ status, type: `/errors/${code}`, requestId: expect.any(String) });
    expect(reply.text).not.toContain(server.dataDir);
    if (path !== undefined) expect(reply.body.errors?.map((one) => one.path)).toContain(path);
    const { body } = await server.api<{ items: { name: string }[] }>('GET', '/functions');
    expect(body.items.map((one) => one.name)).not.toContain(name);
  });

  it.each(FIXTURE_LANGUAGES)(
    'I7: a syntax error in %s is refused with its line, at create and at update',
    async (language) => {
      const file = language === 'nodejs' ? 'index.js' : 'index.py';
      const code = { source: fixture('syntax-error', language) };
      const created = await server.api<Problem>('POST', '/functions', { name: 'broken', runtime: language, code });
      const name = `echo-${language}`;
      const updated = await server.api<Problem>('PUT', `/functions/${name}/code`, code);
      for (const reply of [created, updated]) {
        expect([reply.status, reply.body.code]).toEqual([422, 'syntax_error']);
        expect(JSON.stringify(reply.body.errors)).toContain(file);
        expect(JSON.stringify(reply.body.errors)).toMatch(/line 3|:3/);
      }
      expect((await server.api('GET', '/functions/broken')).status).toBe(404);
      expect((await server.invoke(name, 7)).body).toBe(7);
    },
  );

  it('a taken name is 409 and changes nothing', async () => {
    const before = (await server.api('GET', '/functions/echo-nodejs')).text;
    const reply = await server.api('POST', '/functions', { ...GOOD, name: 'echo-nodejs', timeoutMs: 500 });
    expect([reply.status, reply.body.code]).toEqual([409, 'function_exists']);
    expect((await server.api('GET', '/functions/echo-nodejs')).text).toBe(before);
  });

  it('code over 6 MiB in JSON is 413', async () => {
    const reply = await server.api('POST', '/functions', { ...GOOD, code: { source: `// ${'x'.repeat(13 * MIB)}` } });
    expect([reply.status, reply.body.code]).toEqual([413, 'payload_too_large']);
    const less = await server.api('POST', '/functions', { ...GOOD, code: { source: `// ${'x'.repeat(6 * MIB)}` } });
    expect([less.status, less.body.code]).toEqual([413, 'payload_too_large']);
  });
});

describe('calling', () => {
  it.each([
    [
      'a wrong key',
      '/functions/echo-nodejs/invoke',
      { authorization: 'Bearer nobody-knows-this-key' },
      401,
      'unauthenticated',
    ],
    ['no key', '/functions/echo-nodejs/invoke', { authorization: '' }, 401, 'unauthenticated'],
    ['a wrong Host', '/functions/echo-nodejs/invoke', { host: 'evil.example' }, 421, 'misdirected_host'],
    [
      'another content type',
      '/functions/echo-nodejs/invoke',
      { 'content-type': 'text/plain' },
      415,
      'unsupported_media_type',
    ],
    ['an unknown function', '/functions/nobody/invoke', {}, 404, 'function_not_found'],
    ['an unknown version', '/functions/echo-nodejs:7/invoke', {}, 404, 'version_not_found'],
    ['an unknown alias', '/functions/echo-nodejs:live/invoke', {}, 404, 'version_not_found'],
    [
      'an unknown minimum',
      '/functions/echo-nodejs/invoke',
      { 'coldframe-min-isolation': 'steel' },
      400,
      'invalid_request',
    ],
    [
      'a higher minimum',
      '/functions/echo-nodejs/invoke',
      { 'coldframe-min-isolation': 'docker' },
      409,
      'isolation_below_minimum',
    ],
  ])('I7: %s', async (_what, path, headers, status, code) => {
    const reply = await raw('POST', `/api/v1${path}`, '{}', headers);
    expect([reply.status, (JSON.parse(reply.body) as Problem).code]).toEqual([status, code]);
  });

  it.each([
    ['DELETE', '/functions/echo-nodejs/invoke'],
    ['PUT', '/functions'],
    ['PATCH', '/platform'],
    ['GET', '/functions/echo-nodejs/try'],
  ])('I7: %s %s is 405 and says what is allowed', async (method, path) => {
    const reply = await server.api(method, path);
    expect([reply.status, reply.body.code]).toEqual([405, 'method_not_allowed']);
    expect(reply.headers.get('allow')).toMatch(/GET|POST/);
  });

  it('I7: an unknown path is 404, a huge header 431, and garbage 400', async () => {
    expect((await server.api('GET', '/nothing')).body.code).toBe('not_found');
    const huge = await raw('GET', '/api/v1/functions', '', { 'x-huge': 'x'.repeat(70_000) });
    expect([huge.status, (JSON.parse(huge.body) as Problem).code]).toEqual([431, 'header_too_large']);
    const garbage = await exchange('GARBAGE\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 /);
  });

  it.each([
    ['functions', 'limit=0'],
    ['functions', 'limit=501'],
    ['functions', 'limit=x'],
    ['functions', 'colour=blue'],
    ['invocations', 'outcome=fine'],
    ['invocations', 'from=yesterday'],
    ['functions', 'cursor=%00'],
    ['metrics', 'window=1h&step=1s'],
    ['metrics', 'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z'],
    ['functions/echo-nodejs/logs', 'cursor=nonsense'],
    ['functions/echo-nodejs/logs', 'cursor=nonsense.1.1'],
    ['invocations', 'cursor=nonsense'],
    ['metrics/functions', 'window=8d'],
    ['functions/echo-nodejs/errors', 'from=yesterday'],
    ['live', 'topics=everything'],
  ])('I7: GET /%s?%s is refused', async (path, query) => {
    const reply = await server.api('GET', `/${path}?${query}`);
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
  });

  describe.each(FIXTURE_LANGUAGES)('a %s function', (language) => {
    const name = `echo-${language}`;

    it('I10: an event of 7 MiB is 413 and of 6 MiB passes', async () => {
      const large = await server.invoke<Problem>(name, JSON.stringify('x'.repeat(7 * MIB)));
      expect([large.status, large.body.code]).toEqual([413, 'payload_too_large']);
      const most = JSON.stringify('x'.repeat(6 * MIB - 2));
      const reply = await server.invoke(name, most);
      expect([reply.status, reply.text.length]).toEqual([200, most.length]);
    });

    it.each(['{oops', '', '[1,]', "{'a': 1}", '\ufeff1', '1 2', 'NaN', '"\u0001"', '{"a":1', 'nul'])(
      'I7: %j is not JSON, or an empty event',
      async (event) => {
        const reply = await server.invoke<Problem>(name, event);
        if (event === '') expect([reply.status, reply.text]).toEqual([200, '{}']);
        else expect([reply.status, reply.body.code]).toEqual([400, 'invalid_json']);
      },
    );

    it('__proto__ and constructor keys are data like any other, and strange JSON keeps its meaning', async () => {
      for (const event of [
        '{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":null}',
        '{"a":1,"a":2}',
      ])
        expect(JSON.parse((await server.invoke(name, event)).text)).toEqual(JSON.parse(event));
      const unicode = { '': 'é€😀\u2028', nested: [[[]]], n: -0.5e-7 };
      expect((await server.invoke(name, unicode)).body).toEqual(unicode);
    });

    it('I7: 6 MiB of nested arrays ends with a documented code, and the server answers others meanwhile', async () => {
      const depth = 3 * MIB;
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      let isOver = false;
      const calling = server.invoke<Problem>(name, nested).finally(() => {
        isOver = true;
      });
      let answered = 0;
      let longestMs = 0;
      const hostLag = new HostLag();
      while (!isOver) {
        const fromMs = performance.now();
        const reply = await fetch(`${server.url}/healthz`);
        longestMs = Math.max(longestMs, performance.now() - fromMs);
        if (reply.ok) answered++;
      }
      const reply = await calling;
      expect(answered).toBeGreaterThan(0);
      expect(longestMs).toBeLessThan(1_000 + hostLag.stop());
      if (reply.status !== 200)
        expect([reply.status, reply.body.code]).toEqual([
          expect.toSatisfy((status: number) => [400, 502, 504].includes(status)),
          expect.stringMatching(/^(invalid_json|function_error|sandbox_crashed|function_oom|function_timeout)$/),
        ]);
      expect((await server.invoke(name, 7)).body).toBe(7);
    });

    it('a long array of nearly 6 MiB passes', async () => {
      const event = Array(6 * 1024 - 100).fill('x'.repeat(1020));
      expect((await server.invoke(name, event)).status).toBe(200);
    });
  });
});

interface RawReply {
  status: number;
  body: string;
}

/** A request with headers that fetch would not send. */
async function raw(method: string, path: string, body: string, headers: Record<string, string>): Promise<RawReply> {
  const all: Record<string, string> = {
    host: new URL(server.url).host,
    authorization: `Bearer ${ADMIN_KEY}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
  const text = await exchange(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  return { status: Number(text.split(' ')[1]), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setTimeout(10_000, () => {
      reject(new Error(`not answered and closed; so far: ${text}`));
      socket.destroy();
    });
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
  });
}
