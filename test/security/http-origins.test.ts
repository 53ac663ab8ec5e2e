import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../support/test-server.ts';

const HOSTILE_PAGE =
  '<script>fetch("/api/v1/functions",{credentials:"include"}).then(r=>r.text()).then(steal)</script>';
/** What a browser adds to a request that a page of a function makes: same host, so same site, but another origin. */
const FROM_FUNCTION_PAGE = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' };
const READS = ['/functions', '/keys', '/invocations', '/platform', '/live', '/session', '/openapi.json'];

let server: TestServer;
let cookie: string;
let pageUrl: string;

beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
  const { token } = (await server.api<{ token: string }>('POST', '/session/links')).body;
  const signedIn = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const source = `export const handler = async (event) => ({
    statusCode: 200,
    headers: { 'content-type': 'text/html', 'access-control-allow-origin': '*', 'set-cookie': 'coldframe_session=planted; Path=/' },
    cookies: ['coldframe_session=planted', 'COLDFRAME_SESSION=planted', 'own=1'],
    body: event.rawPath.endsWith('/echo') ? JSON.stringify(event) : ${JSON.stringify(HOSTILE_PAGE)},
  });`;
  await server.deploy('page', 'nodejs', source, { url: { auth: 'none' }, isolation: 'process' });
  const { body } = await server.api('GET', '/functions/page');
  const url = body.url as { href?: string } | string;
  pageUrl = typeof url === 'string' ? url : String(url.href);
});
afterAll(() => server.stop());

describe('a function’s page', () => {
  it('is served on another origin than the console and the API, and nowhere else', async () => {
    expect(new URL(pageUrl).origin).toBe(server.functionUrl);
    expect(server.functionUrl).not.toBe(server.url);
    const reply = await fetch(pageUrl);
    expect([reply.status, await reply.text()]).toEqual([200, HOSTILE_PAGE]);
    const path = new URL(pageUrl).pathname;
    const onConsole = await fetch(`${server.url}${path}`);
    expect([onConsole.status, (await onConsole.text()).includes('steal')]).toEqual([404, false]);
  });

  it('never sees the session of the browser that opened it and never sets one', async () => {
    const echo = await fetch(`${pageUrl.replace(/\/$/, '')}/echo`, { headers: { cookie: `a=1; ${cookie}; own=2` } });
    const seen = await echo.text();
    expect(seen).not.toContain(cookie.split('=')[1]);
    expect(seen).toContain('own=2');
    expect(echo.headers.getSetCookie().filter((one) => /session/i.test(one))).toEqual([]);
    expect(echo.headers.getSetCookie()).toContain('own=1');
  });

  it('opened in a signed-in browser, cannot read the API: it is refused, and nothing allows its origin', async () => {
    for (const path of READS) {
      const reply = await fetch(`${server.url}/api/v1${path}`, {
        headers: { cookie, origin: server.functionUrl, ...FROM_FUNCTION_PAGE },
      });
      expect([path, reply.headers.get('access-control-allow-origin')]).toEqual([path, null]);
      expect(reply.headers.get('access-control-allow-credentials')).toBeNull();
      if (path !== '/openapi.json') expect([path, reply.status]).toEqual([path, 403]);
      await reply.body?.cancel();
    }
  });

  it('gets no leave by a preflight', async () => {
    for (const path of ['/functions', '/functions/page/invoke', '/keys']) {
      const reply = await fetch(`${server.url}/api/v1${path}`, {
        method: 'OPTIONS',
        headers: {
          origin: server.functionUrl,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      });
      expect([path, reply.headers.get('access-control-allow-origin')]).toEqual([path, null]);
      expect(reply.headers.get('access-control-allow-methods')).toBeNull();
    }
  });

  it('cannot write with the browser’s session: another Origin, none, and a form’s content types are all refused', async () => {
    const headersOf = (origin: string | null) => ({ cookie, ...(origin === null ? {} : { origin }) });
    for (const origin of [null, 'null', server.functionUrl, 'http://evil.example', `${server.url}.evil.example`])
      for (const [method, path] of [
        ['DELETE', '/functions/page'],
        ['POST', '/keys'],
        ['POST', '/functions/page/invoke'],
        ['POST', '/session/links'],
      ] as const) {
        const reply = await fetch(`${server.url}/api/v1${path}`, {
          method,
          headers: { ...headersOf(origin), ...(method === 'POST' ? { 'content-type': 'text/plain' } : {}) },
          body: method === 'POST' ? '{"name":"planted","scopes":["admin"]}' : undefined,
        });
        expect([origin, path, reply.status]).toEqual([origin, path, expect.toBeOneOf([403, 415])]);
      }
    expect((await server.api('GET', '/functions/page')).status).toBe(200);
    expect((await server.api('GET', '/keys')).text).not.toContain('planted');
  });
});

describe('DNS rebinding', () => {
  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:8642', '169.254.169.254'])(
    'Host %j is 421 misdirected_host, with a key or a session, and touches nothing',
    async (host) => {
      for (const [method, path] of [
        ['GET', '/api/v1/functions'],
        ['GET', '/'],
        ['POST', '/api/v1/functions/page/invoke'],
      ] as const) {
        const { status, text } = await rawRequest(method, path, { host, cookie, origin: `http://${host}` });
        expect([path, status]).toEqual([path, 421]);
        expect(text).not.toContain('"items"');
      }
    },
  );

  it.each(['localhost', '127.0.0.1', '[::1]'])('Host %s is the console’s own', async (host) => {
    const { status } = await rawRequest('GET', '/api/v1/functions', {
      host: `${host}:${new URL(server.url).port}`,
      cookie,
    });
    expect(status).toBe(200);
  });
});

/** `fetch` forbids a Host of one's own. */
function rawRequest(
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}${path}`, { method, headers }, (reply) => {
      let text = '';
      reply.on('data', (chunk: Buffer) => (text += chunk.toString()));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(method === 'POST' ? '{}' : undefined);
  });
}
