import { readdirSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleServer, createConsoleServer } from './server.ts';
import { ADMIN, fakeDeps, record } from './testing/fake-deps.ts';

const deps = fakeDeps();
let http: ConsoleServer;

beforeAll(async () => {
  http = await createConsoleServer(deps);
});
afterAll(async () => {
  await http.close(1_000);
  rmdirSync(deps.config.uploadDir);
});

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

async function send(
  method: Method,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
  key = 'admin-key',
) {
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const type: Record<string, string> = payload === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await http.app.inject({
    method,
    url,
    payload,
    headers: { ...type, authorization: `Bearer ${key}`, ...headers },
  });
  const isJson = /json/.test(String(reply.headers['content-type']));
  return { status: reply.statusCode, headers: reply.headers, text: reply.payload, json: isJson ? reply.json() : null };
}

const HELLO = { name: 'new', runtime: 'nodejs24', code: { source: 'export const handler = () => 1' } };

describe('functions', () => {
  it('creates with 201, Location and ETag, and hides secrets', async () => {
    const reply = await send('POST', '/api/v1/functions', { ...HELLO, env: { A: 'b', T: { secret: 'x' } } });
    expect(reply.status).toBe(201);
    expect(reply.headers.location).toBe('/api/v1/functions/new');
    expect(reply.headers.etag).toBe('"r1"');
    expect(reply.json.env.TOKEN).toEqual({ secret: true });
    expect(reply.json.url).toBe(`http://127.0.0.1:8643/fn/${'u'.repeat(16)}`);
    expect(reply.json).not.toHaveProperty('urlId');
  });

  it.each([
    ['an unknown field', { ...HELLO, colour: 'red' }, '/colour'],
    ['an unknown field deep inside', { ...HELLO, url: { auth: 'none', x: 1 } }, '/url/x'],
    ['a number as text', { ...HELLO, timeoutMs: '3000' }, '/timeoutMs'],
    ['a value out of range', { ...HELLO, memoryMib: 1 }, '/memoryMib'],
    ['a bad name', { ...HELLO, name: '../x' }, '/name'],
    ['a missing field', { name: 'x', runtime: 'nodejs24' }, '/code'],
    ['both kinds of code', { ...HELLO, code: { source: '', files: {} } }, '/code'],
    ['no code at all', { ...HELLO, code: {} }, '/code'],
    ['null for a setting at create', { ...HELLO, timeoutMs: null }, '/timeoutMs'],
    ['an enum value that does not exist', { ...HELLO, network: 'all' }, '/network'],
    ['an array', [HELLO], ''],
    ['a __proto__ key', '{"name":"p","runtime":"nodejs24","code":{"source":""},"__proto__":{"x":1}}', '/__proto__'],
  ])('I7: refuses %s with its JSON pointer', async (_what, body, path) => {
    const reply = await send('POST', '/api/v1/functions', body);
    expect(reply.status).toBe(400);
    expect(reply.json.code).toBe('invalid_request');
    expect(reply.json.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(reply.headers['content-type']).toBe('application/problem+json');
  });

  it('lists every wrong field of a small body at once', async () => {
    const reply = await send('POST', '/api/v1/functions', { ...HELLO, timeoutMs: 'x', memoryMib: 'y', z: 1 });
    expect(reply.json.errors).toHaveLength(3);
  });

  it('I10: a body of very many wrong fields gets one finding', async () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]));
    const reply = await send('POST', '/api/v1/functions', { ...HELLO, ...many });
    expect(reply.json.errors).toHaveLength(1);
  });

  it('tells invalid JSON from a wrong type, and names a wrong content type', async () => {
    expect((await send('POST', '/api/v1/functions', '{"name":')).json.code).toBe('invalid_json');
    expect((await send('POST', '/api/v1/functions', '"text"')).json.code).toBe('invalid_request');
    const typed = await send('POST', '/api/v1/functions', '<x/>', { 'content-type': 'application/xml' });
    expect([typed.status, typed.json.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('I7: refuses a body over the bound with 413', async () => {
    const reply = await send('PATCH', '/api/v1/functions/hello', { description: 'x'.repeat(300 * 1024) });
    expect([reply.status, reply.json.code]).toEqual([413, 'payload_too_large']);
  });

  it('passes If-Match on and answers 412 function_changed', async () => {
    const stale = await send('PATCH', '/api/v1/functions/hello', { memoryMib: 256 }, { 'if-match': '"old"' });
    expect([stale.status, stale.json.code]).toEqual([412, 'function_changed']);
    const fresh = await send(
      'PATCH',
      '/api/v1/functions/hello',
      { memoryMib: null, env: { A: null } },
      { 'if-match': '"r1"' },
    );
    expect(fresh.status).toBe(200);
  });

  it('refuses unknown and wrong query parameters, and coerces numbers', async () => {
    expect((await send('GET', '/api/v1/functions?limit=10')).status).toBe(200);
    const wrong = await send('GET', '/api/v1/functions?limit=0&nope=1');
    expect(wrong.json.errors.map((error: { path: string }) => error.path).sort()).toEqual([
      '/query/limit',
      '/query/nope',
    ]);
  });

  it('takes code as JSON and as a zip, and answers 404 for an absent function before reading it', async () => {
    expect((await send('PUT', '/api/v1/functions/hello/code', { source: 'x' })).status).toBe(200);
    const zip = { 'content-type': 'application/zip' };
    expect((await send('PUT', '/api/v1/functions/hello/code', 'PK...', zip)).status).toBe(200);
    expect((await send('PUT', '/api/v1/functions/nobody/code', 'PK...', zip)).json.code).toBe('function_not_found');
    const extra = await send('PUT', '/api/v1/functions/hello/code', { source: 'x', more: 1 });
    expect(extra.json.errors[0].path).toBe('/more');
    const huge = { ...zip, 'content-length': String(60 * 1024 * 1024) };
    expect((await send('PUT', '/api/v1/functions/hello/code', 'PK', huge)).status).toBe(413);
    expect(readdirSync(deps.config.uploadDir)).toEqual([]);
  });

  it('gives code as JSON, or as a zip to those who ask for one', async () => {
    expect((await send('GET', '/api/v1/functions/hello/code')).json.files).toEqual({ 'index.js': 'export {}' });
    const zip = await send('GET', '/api/v1/functions/hello/code', undefined, { accept: 'application/zip' });
    expect([zip.headers['content-type'], zip.text]).toEqual(['application/zip', 'PK']);
  });

  it('deletes with 204 and no body', async () => {
    await send('POST', '/api/v1/functions', { ...HELLO, name: 'gone' });
    const reply = await send('DELETE', '/api/v1/functions/gone');
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect((await send('GET', '/api/v1/functions/gone')).json.code).toBe('function_not_found');
  });
});

describe('access', () => {
  it.each([
    ['GET', '/api/v1/functions', 'invoke-key', 403],
    ['POST', '/api/v1/functions', 'read-key', 403],
    ['POST', '/api/v1/functions/hello/try', 'invoke-key', 403],
    ['GET', '/api/v1/keys', 'deploy-key', 403],
    ['GET', '/metrics', 'invoke-key', 403],
    ['GET', '/api/v1/functions', 'wrong-key', 401],
    ['GET', '/metrics', 'wrong-key', 401],
  ] as const)('%s %s with %s is %i', async (method, url, key, status) => {
    const reply = await send(method, url, undefined, {}, key);
    expect(reply.status).toBe(status);
    expect(reply.json.code).toBe(status === 401 ? 'unauthenticated' : 'forbidden');
  });

  it('refuses a request with neither key nor session', async () => {
    const reply = await http.app.inject({ method: 'GET', url: '/api/v1/platform' });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
  });

  it('a session reads freely and writes only with the console’s own Origin', async () => {
    deps.sessions.set('tok', ADMIN);
    const cookie = 'other=1; coldframe_session=tok';
    const read = await http.app.inject({ url: '/api/v1/functions', headers: { cookie } });
    expect(read.statusCode).toBe(200);
    const write = (headers: Record<string, string>) =>
      http.app.inject({
        method: 'POST',
        url: '/api/v1/functions',
        headers: { cookie, 'content-type': 'application/json', host: 'localhost:8642', ...headers },
        payload: JSON.stringify({ ...HELLO, name: 'by-cookie' }),
      });
    expect((await write({})).json().code).toBe('origin_mismatch');
    expect((await write({ origin: 'http://localhost:8643' })).json().code).toBe('origin_mismatch');
    expect((await write({ origin: 'null' })).json().code).toBe('origin_mismatch');
    expect((await write({ origin: 'http://localhost:8642' })).statusCode).toBe(201);
  });

  it.each(['same-site', 'cross-site'])(
    'a session refuses what a page of another origin makes a browser send (%s)',
    async (site) => {
      deps.sessions.set('tok', ADMIN);
      const headers = { cookie: 'coldframe_session=tok', 'sec-fetch-site': site };
      expect((await http.app.inject({ url: '/api/v1/functions', headers })).json().code).toBe('origin_mismatch');
    },
  );

  it('exchanges a link token once, for an HttpOnly, SameSite=Strict cookie that signs in and out', async () => {
    deps.linkTokens.add('one-time');
    const exchange = () => http.app.inject({ method: 'POST', url: '/api/v1/session', payload: { token: 'one-time' } });
    const first = await exchange();
    expect(first.statusCode).toBe(201);
    const cookie = String(first.headers['set-cookie']);
    expect(cookie).toMatch(/^coldframe_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const again = await exchange();
    expect([again.statusCode, again.json().code]).toEqual([401, 'link_token_invalid']);
    const pair = cookie.split(';', 1)[0] as string;
    const who = await http.app.inject({ url: '/api/v1/session', headers: { cookie: pair } });
    expect(who.json()).toEqual({ workspace: 'default', scopes: ['admin'] });
    const out = await http.app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      headers: { cookie: pair, host: 'localhost:1', origin: 'http://localhost:1' },
    });
    expect([out.statusCode, String(out.headers['set-cookie'])]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect((await http.app.inject({ url: '/api/v1/session', headers: { cookie: pair } })).statusCode).toBe(401);
  });

  it('stops an address that keeps guessing keys, without letting the right one through meanwhile', async () => {
    const guess = (key: string) => http.app.inject({ method: 'POST', url: '/api/v1/session', payload: { key } });
    for (let round = 0; round < 12; round++) await guess(`wrong-${round}`);
    const reply = await guess('admin-key');
    expect([reply.statusCode, reply.json().code]).toEqual([429, 'too_many_sign_ins']);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('invocations, test events, try', () => {
  it('replays a captured event and refuses one that was not kept', async () => {
    deps.records.byId.set('kept', { ...record('kept', 'hello'), event: '{"a":1.0}' });
    deps.records.byId.set('bare', record('bare', 'hello'));
    const reply = await send('POST', '/api/v1/invocations/kept/replay');
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('"result":{"a":1.0}');
    expect(deps.requests.at(-1)?.trigger).toBe('replay');
    expect((await send('POST', '/api/v1/invocations/bare/replay')).json.code).toBe('event_not_captured');
    expect((await send('POST', '/api/v1/invocations/none/replay')).json.code).toBe('invocation_not_found');
  });

  it('cancels what runs, and tells finished from unknown', async () => {
    expect((await send('POST', '/api/v1/invocations/running/cancel')).status).toBe(202);
    expect((await send('POST', '/api/v1/invocations/kept/cancel')).json.code).toBe('invocation_finished');
    expect((await send('POST', '/api/v1/invocations/none/cancel')).json.code).toBe('invocation_not_found');
  });

  it('keeps a test event exactly as it was sent', async () => {
    const url = '/api/v1/functions/hello/test-events/big';
    const event = '{"n": 12345678901234567890, "one": 1.0, "__proto__": {"x": 1}}';
    expect((await send('PUT', url, event)).status).toBe(201);
    expect((await send('PUT', url, event)).status).toBe(200);
    expect((await send('GET', url)).text).toContain(`"event":${event}`);
    expect((await send('PUT', url, '{"n":')).json.code).toBe('invalid_json');
    expect((await send('DELETE', url)).status).toBe(204);
    expect((await send('GET', url)).json.code).toBe('test_event_not_found');
  });

  it('try passes the event’s bytes on as they are and answers with record and result', async () => {
    const reply = await send(
      'POST',
      '/api/v1/functions/hello/try',
      '{"event": {"n": 1.0, "__proto__": 1}, "code": {"source": "x"}}',
    );
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('"result":{"n": 1.0, "__proto__": 1}');
    expect(reply.json.invocation.functionName).toBe('hello');
    const unknown = await send('POST', '/api/v1/functions/hello/try', { evnt: 1 });
    expect(unknown.json.errors[0].path).toBe('/evnt');
    expect((await send('POST', '/api/v1/functions/hello/try', '{"event": {')).json.code).toBe('invalid_json');
  });

  it('metrics take a window and step, or from, to and stepMs, and refuse contradictions', async () => {
    const hour = await send('GET', '/api/v1/metrics?window=1h&step=1m');
    expect(hour.json.stepMs).toBe(60_000);
    expect(Date.parse(hour.json.to) - Date.parse(hour.json.from)).toBe(3_600_000);
    expect((await send('GET', '/api/v1/functions/hello/metrics')).status).toBe(200);
    for (const query of [
      'window=1h&from=2026-01-01T00:00:00Z',
      'window=x',
      'from=yesterday',
      'window=400d&step=1m',
      'step=1s',
    ]) {
      expect((await send('GET', `/api/v1/metrics?${query}`)).json.code, query).toBe('invalid_request');
    }
  });
});

describe('everything else', () => {
  it('tells 404 from 405, with Allow', async () => {
    expect((await send('GET', '/api/v1/nothing')).json.code).toBe('not_found');
    const wrong = await send('PUT', '/api/v1/functions/hello');
    expect([wrong.status, wrong.json.code]).toEqual([405, 'method_not_allowed']);
    expect(wrong.headers.allow).toBe('DELETE, GET, HEAD, PATCH');
    expect((await send('GET', '/api/v1/functions/hello/invoke')).status).toBe(405);
  });

  it('I7: an unknown failure leaves as `internal` with nothing of its cause', async () => {
    const { list } = deps.functions;
    deps.functions.list = () => {
      throw new Error('ENOENT /srv/secret/place');
    };
    const reply = await send('GET', '/api/v1/functions');
    deps.functions.list = list;
    expect([reply.status, reply.json.code]).toEqual([500, 'internal']);
    expect(reply.text).not.toMatch(/ENOENT|secret/);
    expect(deps.logged.at(-1)).toMatchObject({ requestId: reply.json.requestId });
  });

  it('health is open; readiness names what is missing', async () => {
    expect((await http.app.inject('/healthz')).statusCode).toBe(200);
    expect((await http.app.inject('/readyz')).json()).toEqual({ ready: true });
    const docker = await http.app.inject('/readyz?isolation=docker');
    expect([docker.statusCode, docker.json().ready]).toEqual([503, false]);
  });

  it('pages load only our own files and run no inline script', async () => {
    for (const url of ['/', '/docs', '/errors/throttled']) {
      const page = await http.app.inject(url);
      expect(page.statusCode, url).toBe(200);
      expect(page.headers['content-security-policy']).toContain("script-src 'self'");
      expect(page.payload).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|https?:\/\//i);
    }
    for (const url of ['/assets/landing.js', '/assets/page.css'])
      expect((await http.app.inject(url)).statusCode).toBe(200);
    expect((await http.app.inject('/errors/constructor')).statusCode).toBe(404);
  });

  it('Prometheus text is served as text to scope read', async () => {
    const reply = await send('GET', '/metrics', undefined, {}, 'read-key');
    expect([reply.status, reply.text]).toEqual([200, 'coldframe_up 1\n']);
  });
});
