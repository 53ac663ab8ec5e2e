import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FunctionSettings } from '../../domain/function.ts';
import { MIB } from '../../domain/limits.ts';
import { type Behaviour, fakeDeps, runnable } from '../testing/fake-deps.ts';
import { exchange, repliesOf } from '../testing/raw-http.ts';
import { createFunctionServer, type FunctionServer } from './function-server.ts';

const deps = fakeDeps();
let http: FunctionServer;
let origin: string;
let port: number;

beforeAll(async () => {
  http = createFunctionServer(deps);
  http.server.listen(0, '127.0.0.1');
  await once(http.server, 'listening');
  port = (http.server.address() as AddressInfo).port;
  origin = `http://127.0.0.1:${port}`;
});
afterAll(() => http.close(1_000));

function add(name: string, url: FunctionSettings['url'], behaviour?: Behaviour): void {
  const target = runnable('default', name);
  deps.urls.byUrl.set(`id${name}`, {
    urlId: `id${name}`,
    target: { ...target, settings: { ...target.settings, url } },
  });
  if (behaviour) deps.behaviours.set(name, behaviour);
}

/** A function that returns this text as its result. */
function returns(text: string | Buffer): Behaviour {
  return (_request, answer) => answer({ body: Buffer.from(text) });
}

function lastEvent() {
  return JSON.parse(Buffer.from(deps.requests.at(-1)?.event ?? '').toString());
}

const OPEN = { auth: 'none' } as const;

describe('the event', () => {
  it('is payload 2.0: raw path, joined headers and query, cookies apart', async () => {
    add('event', OPEN, returns('{}'));
    await exchange(
      port,
      `POST /fn/idevent/a%2Fb//c?x=1&x=2&y=%20z&__proto__=p HTTP/1.1\r\nHost: fn.example:80\r\nX-One: a\r\nx-one: b\r\nCookie: a=1; coldframe_session=secret; b=2\r\nUser-Agent: t\r\nContent-Type: application/json\r\nX-Amzn-Trace-Id: Root=1\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"a":1}`,
    );
    const event = lastEvent();
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a%2Fb//c',
      rawQueryString: 'x=1&x=2&y=%20z&__proto__=p',
      cookies: ['a=1', 'b=2'],
      body: '{"a":1}',
      isBase64Encoded: false,
    });
    expect(Object.entries(event.queryStringParameters)).toEqual([
      ['x', '1,2'],
      ['y', ' z'],
      ['__proto__', 'p'],
    ]);
    expect(event.headers).toMatchObject({
      'x-one': 'a,b',
      'x-forwarded-for': '9.9.9.9, 127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '8643',
      'x-amzn-trace-id': 'Root=1',
    });
    expect(Object.keys(event.headers)).not.toContain('cookie');
    expect(Object.keys(event.headers)).not.toContain('connection');
    expect(event.requestContext).toMatchObject({
      accountId: 'anonymous',
      apiId: 'idevent',
      domainName: 'fn.example',
      http: { method: 'POST', path: '/a%2Fb//c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 't' },
      stage: '$default',
    });
    expect(event.requestContext.time).toMatch(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/);
    expect(JSON.stringify(event)).not.toContain('secret');
  });

  it.each([
    ['application/x-www-form-urlencoded', 'a=b', true],
    ['multipart/form-data; boundary=x', '--x--', true],
    ['application/octet-stream', '\u0000', true],
    ['text/html; charset=utf-8', '<p>', false],
    ['application/ld+json', '{}', false],
    ['application/xml', '<x/>', false],
  ])('a %s body is base64: %s %s', async (type, body, isBase64Encoded) => {
    await fetch(`${origin}/fn/event`, { method: 'POST', body, headers: { 'content-type': type } });
    const event = lastEvent();
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8').toString()).toBe(body);
  });

  it('text that is not UTF-8 loses nothing, and no body is absent', async () => {
    await fetch(`${origin}/fn/event`, {
      method: 'POST',
      body: Buffer.from([0xff, 0xfe]),
      headers: { 'content-type': 'text/plain' },
    });
    expect(lastEvent()).toMatchObject({ isBase64Encoded: true, body: '//4=' });
    await fetch(`${origin}/fn/event`);
    expect(lastEvent()).not.toHaveProperty('body');
    expect(lastEvent().rawPath).toBe('/');
  });
});

describe('the response', () => {
  it.each([
    ['{"hello": "world"}', 200, '{"hello":"world"}', 'application/json'],
    ['"hello"', 200, 'hello', 'application/json'],
    [' [1, "a b"] ', 200, '[1,"a b"]', 'application/json'],
    ['null', 200, 'null', 'application/json'],
    ['{"statusCode":201,"body":"x"}', 201, 'x', 'application/json'],
    ['{"statusCode":"404","headers":{"Content-Type":"text/html","X-N":1},"body":"<p>"}', 404, '<p>', 'text/html'],
    ['{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}', 200, 'hi', 'application/json'],
    ['{"statusCode":204,"body":"dropped"}', 204, '', 'application/json'],
  ])('%s becomes %i %s', async (result, status, body, type) => {
    add('reply', OPEN, returns(result));
    const reply = await fetch(`${origin}/fn/reply`);
    expect([reply.status, await reply.text(), reply.headers.get('content-type')]).toEqual([status, body, type]);
  });

  it.each([
    ['a status that is none', '{"statusCode":"abc"}'],
    ['an informational status', '{"statusCode":101}'],
    ['a status out of range', '{"statusCode":1000}'],
    ['headers that are no object', '{"statusCode":200,"headers":[1]}'],
    ['a header that would split the response', '{"statusCode":200,"headers":{"x":"a\\r\\nset-cookie: b=c"}}'],
    ['a header name with a space', '{"statusCode":200,"headers":{"x y":"a"}}'],
    ['a cookie that would split the response', '{"statusCode":200,"cookies":["a=b\\r\\nx: y"]}'],
    ['a body that is no text', '{"statusCode":200,"body":{"a":1}}'],
    ['headers without end', `{"statusCode":200,"headers":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['what is not JSON', '{"statusCode":200'],
  ])('%s is 502 without detail', async (_what, result) => {
    add('invalid', OPEN, returns(result));
    const reply = await fetch(`${origin}/fn/invalid`);
    expect([reply.status, await reply.text()]).toEqual([502, 'Internal Server Error']);
  });

  it('drops headers of the connection and the console’s session cookie, keeps other cookies', async () => {
    const headers = {
      connection: 'upgrade',
      'Transfer-Encoding': 'x',
      'content-length': '999',
      'clear-site-data': '"cookies"',
      'Set-Cookie': 'coldframe_session=evil',
    };
    const cookies = ['a=1; Path=/', 'b=2', ' Coldframe_Session =evil'];
    add('headers', OPEN, returns(JSON.stringify({ statusCode: 200, headers, cookies, body: 'ok' })));
    const reply = await fetch(`${origin}/fn/headers`);
    expect(await reply.text()).toBe('ok');
    expect(reply.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(reply.headers.get('content-length')).toBe('2');
    expect(reply.headers.has('clear-site-data')).toBe(false);
  });

  it('I1: a 6 MiB nested result is passed on in linear time', async () => {
    add('nested', OPEN, returns(Buffer.concat([Buffer.alloc(3 * MIB, '['), Buffer.alloc(3 * MIB, ']')])));
    const reply = await fetch(`${origin}/fn/nested`);
    expect((await reply.arrayBuffer()).byteLength).toBe(6 * MIB);
  });

  it('HEAD carries the headers and no body', async () => {
    add('head', OPEN, returns('"hello"'));
    const reply = await exchange(port, 'HEAD /fn/head HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(reply).toMatch(/content-length: 5/i);
    expect(reply.endsWith('\r\n\r\n')).toBe(true);
  });
});

describe('failures and refusals', () => {
  it.each([
    ['function_error', 502, 'Internal Server Error'],
    ['function_timeout', 502, 'Internal Server Error'],
    ['init_error', 502, 'Internal Server Error'],
    ['throttled', 429, '{"Message":"Rate Exceeded."}'],
    ['draining', 503, '{"Message":"Server stopping"}'],
    ['internal', 500, 'Internal Server Error'],
  ] as const)('%s is %i and tells no detail', async (code, status, body) => {
    const error = { errorType: 'Secret', errorMessage: 'secret', stackTrace: ['secret'] };
    add('fails', OPEN, (_request, answer) => answer({ outcome: 'error', code, error, retryAfterSeconds: 1 }));
    const reply = await fetch(`${origin}/fn/fails`);
    expect([reply.status, await reply.text()]).toEqual([status, body]);
    expect(reply.headers.get('coldframe-invocation-id')).toBe(deps.requests.at(-1)?.id);
  });

  it('an unknown url tells nothing, an unknown path is 404', async () => {
    const unknown = await fetch(`${origin}/fn/nobody/x`);
    expect([unknown.status, await unknown.text()]).toEqual([403, '{"Message":null}']);
    expect(unknown.headers.get('x-amzn-errortype')).toBe('AccessDeniedException');
    expect((await fetch(`${origin}/nothing`)).status).toBe(404);
    expect((await fetch(`${origin}/api/v1/functions`)).status).toBe(404);
  });

  it('auth `key` needs a key of scope invoke, which the function never sees', async () => {
    add('keyed', { auth: 'key' }, returns('1'));
    const call = (authorization?: string) =>
      fetch(`${origin}/fn/keyed`, { headers: authorization ? { authorization } : {} });
    for (const wrong of [undefined, 'Bearer nope', 'Bearer read-key', 'Basic eDp5']) {
      const reply = await call(wrong);
      expect([reply.status, ((await reply.json()) as { Message: string }).Message]).toEqual([
        403,
        expect.stringMatching(/^Forbidden/),
      ]);
    }
    expect((await call('Bearer invoke-key')).status).toBe(200);
    expect(Object.keys(lastEvent().headers)).not.toContain('authorization');
    const own = await fetch(`${origin}/fn/event`, { headers: { authorization: 'Bearer my-own' } });
    expect([own.status, lastEvent().headers.authorization]).toEqual([200, 'Bearer my-own']);
  });

  it('a signed-in console session opens no function url', async () => {
    deps.sessions.set('tok', { workspaceId: 'default', scopes: ['admin'], keyId: null });
    expect((await fetch(`${origin}/fn/keyed`, { headers: { cookie: 'coldframe_session=tok' } })).status).toBe(403);
  });

  it('I10: bodies over 6 MiB are 413, also once base64 has grown them', async () => {
    const post = (bytes: number) =>
      fetch(`${origin}/fn/event`, {
        method: 'POST',
        body: Buffer.alloc(bytes),
        headers: { 'content-type': 'application/zip' },
      });
    expect((await post(7 * MIB)).status).toBe(413);
    expect((await post(5 * MIB)).status).toBe(413);
    expect((await post(4 * MIB)).status).toBe(200);
    expect(http.heldBodyBytes).toBe(0);
  });
});

describe('CORS', () => {
  const cors = {
    allowOrigins: ['https://a.example'],
    allowMethods: ['GET'],
    allowHeaders: ['x-a'],
    maxAgeSeconds: 60,
    allowCredentials: true,
  };

  it('answers a preflight without key and without the function', async () => {
    add('cors', { auth: 'key', cors }, returns('1'));
    const before = deps.requests.length;
    const preflight = (from: string) =>
      fetch(`${origin}/fn/cors`, {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'GET' },
      });
    const allowed = await preflight('https://a.example');
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'x-a',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '60',
    });
    expect((await preflight('https://b.example')).headers.has('access-control-allow-origin')).toBe(false);
    expect(deps.requests.length).toBe(before);
  });

  it('replaces the function’s own CORS headers, and leaves them alone without settings', async () => {
    const result = JSON.stringify({ statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*' } });
    add('own', { auth: 'none', cors }, returns(result));
    const named = await fetch(`${origin}/fn/own`, { headers: { origin: 'https://a.example' } });
    expect(named.headers.get('access-control-allow-origin')).toBe('https://a.example');
    add('own', OPEN, returns(result));
    expect((await fetch(`${origin}/fn/own`)).headers.get('access-control-allow-origin')).toBe('*');
    await fetch(`${origin}/fn/own`, { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } });
    expect(lastEvent().requestContext.http.method).toBe('OPTIONS');
  });
});

describe('streams', () => {
  const PRELUDE = '{"statusCode":201,"headers":{"x-s":"1","content-type":"text/plain"},"cookies":["a=b"]}';

  function streams(chunks: string[], meta: { contentType: string; httpPrelude: boolean }, isOk = true): Behaviour {
    return (request, answer) => {
      request.stream?.head(meta);
      for (const chunk of chunks) request.stream?.write(Buffer.from(chunk));
      answer(isOk ? { streamed: true } : { streamed: true, outcome: 'crashed', code: 'sandbox_crashed' });
    };
  }

  it('takes status, headers and cookies from the prelude, however it is cut', async () => {
    const text = `${PRELUDE}${'\0'.repeat(8)}body`;
    for (const chunks of [[text], [...text]]) {
      add('stream', OPEN, streams(chunks, { contentType: 'x', httpPrelude: true }));
      const reply = await fetch(`${origin}/fn/stream`);
      expect([reply.status, await reply.text(), reply.headers.get('x-s')]).toEqual([201, 'body', '1']);
      expect(reply.headers.getSetCookie()).toEqual(['a=b']);
    }
  });

  it('without a prelude it is 200 with the stream’s own type', async () => {
    add('stream', OPEN, streams(['a', 'b'], { contentType: 'text/csv', httpPrelude: false }));
    const reply = await fetch(`${origin}/fn/stream`);
    expect([reply.status, await reply.text(), reply.headers.get('content-type')]).toEqual([200, 'ab', 'text/csv']);
  });

  it('a prelude that is none, never ends or is too long is 502; a stream that fails later is cut', async () => {
    for (const chunk of [`nonsense${'\0'.repeat(8)}`, '{"statusCode":', 'x'.repeat(70_000)]) {
      add('stream', OPEN, streams([chunk], { contentType: 'x', httpPrelude: true }));
      expect((await fetch(`${origin}/fn/stream`)).status).toBe(502);
    }
    add('stream', OPEN, streams(['half'], { contentType: 'text/plain', httpPrelude: false }, false));
    await expect(fetch(`${origin}/fn/stream`).then((reply) => reply.text())).rejects.toThrow();
  });
});

describe('routes', () => {
  it('the most specific wins and path parameters are decoded', async () => {
    for (const name of ['item', 'list', 'rest', 'post', 'any']) add(name, OPEN, returns(JSON.stringify(name)));
    deps.urls.table = [
      { method: 'GET', path: '/shop/{proxy+}', functionId: 'id-rest' },
      { method: 'GET', path: '/shop/{id}', functionId: 'id-item' },
      { method: 'GET', path: '/shop/list', functionId: 'id-list' },
      { method: 'POST', path: '/shop/{id}', functionId: 'id-post' },
      { method: 'ANY', path: '/any', functionId: 'id-any' },
    ];
    deps.urls.routes = () => deps.urls.table;
    const get = async (path: string, method = 'GET') => (await fetch(`${origin}${path}`, { method })).text();
    expect(await get('/shop/list')).toBe('list');
    expect(await get('/shop/a%20b')).toBe('item');
    expect(lastEvent()).toMatchObject({
      routeKey: 'GET /shop/{id}',
      rawPath: '/shop/a%20b',
      pathParameters: { id: 'a b' },
    });
    expect(await get('/shop/a/b%2Fc')).toBe('rest');
    expect(lastEvent().pathParameters).toEqual({ proxy: 'a/b/c' });
    expect(await get('/shop/x', 'POST')).toBe('post');
    expect(await get('/any', 'DELETE')).toBe('any');
    expect(await get('/shop/%zz')).toBe('item');
    for (const path of ['/shop', '/shop/', '/other']) expect((await fetch(`${origin}${path}`)).status, path).toBe(404);
    deps.urls.table = [];
    expect((await fetch(`${origin}/shop/list`)).status).toBe(404);
  });
});

it('I7: broken HTTP on this listener is answered too', async () => {
  const [reply] = repliesOf(
    await exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'),
  );
  expect(reply?.status).toBe(400);
});
