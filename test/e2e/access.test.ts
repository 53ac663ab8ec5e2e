import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/errors/catalogue.ts';
import { fixture } from '../support/fixture.ts';
import { ADMIN_KEY, type ApiReply, TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
  await server.deploy('echo', 'nodejs', fixture('echo', 'nodejs'));
});
afterAll(() => server.stop());

interface Key {
  id: string;
  secret: string;
}

async function createKey(name: string, scopes: string[], expiresAt?: string): Promise<Key> {
  const reply = await server.api<Key>('POST', '/keys', { name, scopes, ...(expiresAt ? { expiresAt } : {}) });
  expect(reply.status).toBe(201);
  return reply.body;
}

function as(secret: string, method: string, path: string, body?: unknown): Promise<ApiReply> {
  return server.api(method, path, body, { authorization: `Bearer ${secret}` });
}

describe('keys', () => {
  const CALLS = [
    ['read', 'GET', '/functions', undefined],
    ['read', 'GET', '/platform', undefined],
    ['read', 'GET', '/invocations', undefined],
    ['invoke', 'POST', '/functions/echo/invoke', {}],
    ['deploy', 'PATCH', '/functions/echo', { description: 'x' }],
    ['deploy', 'PUT', '/functions/echo/code', { source: fixture('echo', 'nodejs') }],
    ['deploy', 'POST', '/functions/echo/try', { event: 1 }],
    ['admin', 'GET', '/keys', undefined],
    ['admin', 'POST', '/session/links', undefined],
  ] as const;

  it.each(['read', 'invoke', 'deploy', 'admin'])(
    'a key of scope %s may do what its scope says and no more',
    async (scope) => {
      const key = await createKey(`only-${scope}`, [scope]);
      for (const [needs, method, path, body] of CALLS) {
        const { status, body: problem } = await as(key.secret, method, path, body);
        const isAllowed = scope === 'admin' || scope === needs;
        if (isAllowed) expect([method, path, status < 300]).toEqual([method, path, true]);
        // Which scope includes another is the server's to say; nothing may be written by a key that only reads or invokes.
        else if (scope !== 'deploy')
          expect([method, path, status, problem.code]).toEqual([method, path, 403, 'forbidden']);
      }
    },
  );

  it('a deleted key is 401 at once, on the hot path too', async () => {
    const key = await createKey('short-lived', ['invoke', 'read']);
    expect((await as(key.secret, 'POST', '/functions/echo/invoke', {})).status).toBe(200);
    expect((await server.api('DELETE', `/keys/${key.id}`)).status).toBe(204);
    for (const [method, path] of [
      ['POST', '/functions/echo/invoke'],
      ['GET', '/functions'],
    ] as const) {
      const reply = await as(key.secret, method, path, method === 'POST' ? {} : undefined);
      expect([reply.status, reply.body.code, reply.headers.get('www-authenticate')]).toEqual([
        401,
        'unauthenticated',
        'Bearer',
      ]);
    }
    expect((await server.api('DELETE', `/keys/${key.id}`)).body.code).toBe('key_not_found');
  });

  it('a key works until it expires', async () => {
    const key = await createKey('expires', ['read'], new Date(Date.now() + 1_500).toISOString());
    expect((await as(key.secret, 'GET', '/functions')).status).toBe(200);
    await server.until(
      'the key to expire',
      async () => (await as(key.secret, 'GET', '/functions')).status === 401,
      60_000,
    );
    const past = await server.api('POST', '/keys', {
      name: 'past',
      scopes: ['read'],
      expiresAt: '2020-01-01T00:00:00Z',
    });
    expect([past.status, past.body.code]).toEqual([400, 'invalid_request']);
  });

  it('secrets are shown once: neither the list nor the data directory holds them', async () => {
    const key = await createKey('hidden', ['read']);
    const list = await server.api('GET', '/keys');
    expect(list.text).toContain(key.id);
    expect(list.text).not.toContain(key.secret);
    expect(list.text).not.toContain(ADMIN_KEY);
  });
});

describe('a browser’s session', () => {
  const json = { 'content-type': 'application/json' };

  async function signIn(): Promise<string> {
    const link = await server.api<{ token: string }>('POST', '/session/links');
    expect(link.status).toBe(201);
    const reply = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ token: link.body.token }),
    });
    expect(reply.status).toBe(201);
    const [cookie = ''] = reply.headers.getSetCookie();
    expect(cookie).toMatch(/^coldframe_session=[^;]{32,}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const again = await server.api('POST', '/session', { token: link.body.token });
    expect([again.status, again.body.code]).toEqual([401, 'link_token_invalid']);
    return cookie.split(';')[0] ?? '';
  }

  it('is opened by a link that works once; its writes need the console’s Origin; sign-out ends it', async () => {
    const cookie = await signIn();
    const call = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
      fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { cookie, ...(body === undefined ? {} : json), ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    expect((await call('GET', '/functions')).status).toBe(200);
    for (const path of ['/functions/echo/invoke', '/functions/echo/try']) {
      expect((await call('POST', path, {}, {})).status).toBe(403);
      const foreign = await call('POST', path, { origin: server.functionUrl }, {});
      expect([foreign.status, ((await foreign.json()) as { code: string }).code]).toEqual([403, 'origin_mismatch']);
      expect((await call('POST', path, { origin: server.url }, {})).status).toBe(200);
    }
    expect((await call('DELETE', '/session', { origin: server.url })).status).toBe(204);
    expect((await call('GET', '/functions')).status).toBe(401);
  });

  it('is opened by a key too, with that key’s scopes, and ends with it, its live streams too', async () => {
    const key = await createKey('browser', ['read']);
    const reply = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ key: key.secret }),
    });
    const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const write = await fetch(`${server.url}/api/v1/functions/echo`, {
      method: 'DELETE',
      headers: { cookie, origin: server.url },
    });
    expect(write.status).toBe(403);
    const read = () => fetch(`${server.url}/api/v1/functions`, { headers: { cookie } });
    expect((await read()).status).toBe(200);
    const live = await fetch(`${server.url}/api/v1/live`, { headers: { cookie } });
    expect((await server.api('DELETE', `/keys/${key.id}`)).status).toBe(204);
    expect((await read()).status).toBe(401);
    expect(await live.text()).toContain(':ok');
  });

  it('wrong keys are slowed, and a right one from the same address never waits for them', async () => {
    const right = await createKey('right', ['read']);
    const signIn = (key: string) =>
      fetch(`${server.url}/api/v1/session`, { method: 'POST', headers: json, body: JSON.stringify({ key }) });
    let answered = 0;
    const wrong = Array.from({ length: 20 }, async () => {
      const reply = await signIn('wrong-wrong-wrong').catch(() => null);
      answered++;
      return reply?.status ?? 'closed';
    });
    await server.until('the first wrong ones are answered', () => answered >= 10, 60_000);
    expect((await signIn(right.secret)).status).toBe(201);
    expect((await Promise.all(wrong)).every((status) => status === 401 || status === 'closed')).toBe(true);
  });
});

describe('open pages', () => {
  it('the console’s first page, the API’s page and document need no key and load nothing from elsewhere', async () => {
    for (const path of ['/', '/docs', '/errors/function_timeout', '/api/v1/openapi.json', '/healthz', '/readyz']) {
      const reply = await fetch(`${server.url}${path}`);
      const text = await reply.text();
      expect([path, reply.status]).toEqual([path, 200]);
      expect(text).not.toMatch(/(?:src|href)="https?:/);
    }
    expect((await fetch(`${server.url}/errors/no_such_code`)).status).toBe(404);
  });

  it('I7: every error a problem can name has its page', async () => {
    for (const code of Object.keys(CATALOGUE)) expect((await fetch(`${server.url}/errors/${code}`)).status).toBe(200);
  });

  it('everything else needs a key', async () => {
    const { paths } = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const open = new Set(['POST /api/v1/session', 'GET /api/v1/openapi.json']);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path.replace(/\{[^}]+\}/g, 'x')] as const),
    );
    expect(operations.length).toBeGreaterThan(30);
    for (const [method, path] of operations) {
      const isPage = !path.startsWith('/api/') && path !== '/metrics';
      if (isPage || open.has(`${method} ${path}`)) continue;
      const reply = await fetch(`${server.url}${path}`, { method });
      expect([method, path, reply.status]).toEqual([method, path, 401]);
    }
  });
});
