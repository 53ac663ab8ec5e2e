import { describe, expect, it } from 'vitest';
import { functionUrlBed, OPEN, returns } from '../testing/function-url-bed.ts';
import { exchange } from '../testing/raw-http.ts';

const bed = functionUrlBed();

describe('the event', () => {
  it('is payload 2.0: raw path, joined headers and query, cookies apart', async () => {
    bed.add('event', OPEN, returns('{}'));
    await exchange(
      bed.port,
      `POST /fn/idevent/a%2Fb//c?x=1&x=2&y=%20z&__proto__=p HTTP/1.1\r\nHost: fn.example:80\r\nX-One: a\r\nx-one: b\r\nCookie: a=1; coldframe_session=secret; b=2\r\nUser-Agent: t\r\nContent-Type: application/json\r\nX-Amzn-Trace-Id: Root=1\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"a":1}`,
    );
    const event = bed.lastEvent();
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
    await fetch(`${bed.origin}/fn/event`, { method: 'POST', body, headers: { 'content-type': type } });
    const event = bed.lastEvent();
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8').toString()).toBe(body);
  });

  it('text that is not UTF-8 loses nothing, and no body is absent', async () => {
    await fetch(`${bed.origin}/fn/event`, {
      method: 'POST',
      body: Buffer.from([0xff, 0xfe]),
      headers: { 'content-type': 'text/plain' },
    });
    expect(bed.lastEvent()).toMatchObject({ isBase64Encoded: true, body: '//4=' });
    await fetch(`${bed.origin}/fn/event`);
    expect(bed.lastEvent()).not.toHaveProperty('body');
    expect(bed.lastEvent().rawPath).toBe('/');
  });
});

describe('routes', () => {
  it('the most specific wins and path parameters are decoded', async () => {
    for (const name of ['item', 'list', 'rest', 'post', 'any']) bed.add(name, OPEN, returns(JSON.stringify(name)));
    bed.deps.urls.table = [
      { method: 'GET', path: '/shop/{proxy+}', functionId: 'id-rest' },
      { method: 'GET', path: '/shop/{id}', functionId: 'id-item' },
      { method: 'GET', path: '/shop/list', functionId: 'id-list' },
      { method: 'POST', path: '/shop/{id}', functionId: 'id-post' },
      { method: 'ANY', path: '/any', functionId: 'id-any' },
    ];
    bed.deps.urls.routes = () => bed.deps.urls.table;
    const get = async (path: string, method = 'GET') => (await fetch(`${bed.origin}${path}`, { method })).text();
    expect(await get('/shop/list')).toBe('list');
    expect(await get('/shop/a%20b')).toBe('item');
    expect(bed.lastEvent()).toMatchObject({
      routeKey: 'GET /shop/{id}',
      rawPath: '/shop/a%20b',
      pathParameters: { id: 'a b' },
    });
    expect(await get('/shop/a/b%2Fc')).toBe('rest');
    expect(bed.lastEvent().pathParameters).toEqual({ proxy: 'a/b/c' });
    expect(await get('/shop/x', 'POST')).toBe('post');
    expect(await get('/any', 'DELETE')).toBe('any');
    expect(await get('/shop/%zz')).toBe('item');
    for (const path of ['/shop', '/shop/', '/other'])
      expect((await fetch(`${bed.origin}${path}`)).status, path).toBe(404);
    bed.deps.urls.table = [];
    expect((await fetch(`${bed.origin}/shop/list`)).status).toBe(404);
  });
});
