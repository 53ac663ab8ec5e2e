import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { ADMIN_KEY, TestServer } from '../support/test-server.ts';

const KEYED = { authorization: `Bearer ${ADMIN_KEY}` };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
  for (const language of FIXTURE_LANGUAGES) {
    await server.deploy(`echo-${language}`, language, fixture('echo', language), { url: { auth: 'none' } });
    await server.deploy(`keyed-${language}`, language, fixture('echo', language));
    await server.deploy(`throws-${language}`, language, fixture('throws', language), { url: { auth: 'none' } });
  }
});
afterAll(() => server.stop());

async function urlOf(name: string): Promise<string> {
  return (await server.api<{ url: string }>('GET', `/functions/${name}`)).body.url;
}

describe.each(FIXTURE_LANGUAGES)('the URL of a %s function', (language) => {
  it('hands over the request as payload 2.0', async () => {
    const url = await urlOf(`echo-${language}`);
    const reply = await fetch(`${url}/a/b%20c?x=1&y=2&x=3`, {
      method: 'POST',
      body: '{"n":1}',
      headers: { 'content-type': 'application/json', 'x-own': 'ö'.normalize('NFC'), cookie: 'a=1; b=2' },
    });
    const event = (await reply.json()) as Record<string, unknown>;
    expect(reply.status).toBe(200);
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a/b%20c',
      rawQueryString: 'x=1&y=2&x=3',
      queryStringParameters: { x: '1,3', y: '2' },
      cookies: ['a=1', 'b=2'],
      body: '{"n":1}',
      isBase64Encoded: false,
      requestContext: { http: { method: 'POST', path: '/a/b%20c', sourceIp: '127.0.0.1' }, stage: '$default' },
    });
    const id = reply.headers.get('coldframe-invocation-id') ?? '';
    expect((event.requestContext as { requestId: string }).requestId).toBe(id);
    expect(await server.record(id)).toMatchObject({ trigger: 'http', outcome: 'ok' });
  });

  it('a binary body goes in base64', async () => {
    const bytes = Buffer.from([0, 0xff, 0x80, 1]);
    const reply = await fetch(await urlOf(`echo-${language}`), {
      method: 'PUT',
      body: bytes,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(await reply.json()).toMatchObject({ isBase64Encoded: true, body: bytes.toString('base64') });
  });

  it('needs a key by default, and hides it from the function', async () => {
    const url = await urlOf(`keyed-${language}`);
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(url, { headers: { authorization: 'Bearer wrong' } })).status).toBe(403);
    const reply = await fetch(url, { headers: KEYED });
    expect(reply.status).toBe(200);
    expect(await reply.text()).not.toContain(ADMIN_KEY);
  });

  it('I7: a failed function says nothing but Internal Server Error', async () => {
    const reply = await fetch(await urlOf(`throws-${language}`));
    expect([reply.status, await reply.text()]).toEqual([502, 'Internal Server Error']);
    const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
    expect(record.attempts[0]).toMatchObject({ code: 'function_error', error: { errorType: 'OrderError' } });
  });
});

describe('function URLs', () => {
  it('an unknown url id tells nothing and another path is 404', async () => {
    expect((await fetch(`${server.functionUrl}/fn/aaaaaaaaaaaaaaaaaaaaaaaa`)).status).toBe(403);
    expect((await fetch(`${server.functionUrl}/nothing`)).status).toBe(404);
    expect((await fetch(`${server.functionUrl}/api/v1/functions`, { headers: KEYED })).status).toBe(404);
  });

  it('cors answers preflights itself and wins over the function’s own headers', async () => {
    const cors = { allowOrigins: ['https://a.example'], allowMethods: ['GET', 'PUT'], maxAgeSeconds: 60 };
    const source = `export const handler = async () => ({ statusCode: 200, headers: { 'access-control-allow-origin': '*' } });`;
    await server.deploy('cors', 'nodejs', source, { url: { auth: 'none', cors } });
    const url = await urlOf('cors');
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-methods': 'GET,PUT',
      'access-control-max-age': '60',
    });
    const own = await fetch(url, { headers: { origin: 'https://a.example' } });
    expect(own.headers.get('access-control-allow-origin')).toBe('https://a.example');
    const other = await fetch(url, { headers: { origin: 'https://b.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('routes choose by method and path, most specific first, and fill in path parameters', async () => {
    const routes = [
      { method: 'GET', path: '/shop/{id}' },
      { method: 'ANY', path: '/shop/{proxy+}' },
    ];
    await server.deploy('shop', 'nodejs', fixture('echo', 'nodejs'), { url: { auth: 'none' }, routes });
    const one = (await (await fetch(`${server.functionUrl}/shop/7`)).json()) as Record<string, unknown>;
    expect(one).toMatchObject({ routeKey: 'GET /shop/{id}', pathParameters: { id: '7' }, rawPath: '/shop/7' });
    const deep = await (await fetch(`${server.functionUrl}/shop/7/parts`, { method: 'DELETE' })).json();
    expect(deep).toMatchObject({ routeKey: 'ANY /shop/{proxy+}', pathParameters: { proxy: '7/parts' } });
    const taken = await server.api('POST', '/functions', {
      name: 'rival',
      runtime: 'nodejs',
      code: { source: fixture('echo', 'nodejs') },
      routes: [{ method: 'GET', path: '/shop/{other}' }],
    });
    expect(taken.status).toBeGreaterThanOrEqual(400);
    expect((await server.api('GET', '/functions/rival')).status).toBe(404);
    await server.api('DELETE', '/functions/shop');
    expect((await fetch(`${server.functionUrl}/shop/7`)).status).toBe(404);
  });

  it('the console’s session never enters a function and a function never sets it', async () => {
    const source = `export const handler = async (event) => ({ statusCode: 200, cookies: ['coldframe_session=evil', 'own=1'], body: JSON.stringify(event) });`;
    await server.deploy('cookies', 'nodejs', source, { url: { auth: 'none' } });
    const reply = await fetch(await urlOf('cookies'), { headers: { cookie: 'coldframe_session=stolen; own=0' } });
    expect(await reply.text()).not.toContain('stolen');
    expect(reply.headers.getSetCookie()).toEqual(['own=1']);
  });
});
