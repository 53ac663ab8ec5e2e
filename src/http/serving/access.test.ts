import { describe, expect, it } from 'vitest';
import { consoleBed } from '../testing/console-bed.ts';
import { ADMIN } from '../testing/fake-deps.ts';
import { sessionToken } from '../testing/samples.ts';

const bed = consoleBed();
const HELLO = { name: 'new', runtime: 'nodejs24', code: { source: 'export const handler = () => 1' } };

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
    const reply = await bed.send(method, url, undefined, {}, key);
    expect(reply.status).toBe(status);
    expect(reply.json.code).toBe(status === 401 ? 'unauthenticated' : 'forbidden');
  });

  it('refuses a request with neither key nor session', async () => {
    const reply = await bed.http.app.inject({ method: 'GET', url: '/api/v1/platform' });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
  });

  it('a session that has ended says why, one that never was says only that nobody is signed in', async () => {
    const codeOf = async (token: string) => {
      const reply = await bed.http.app.inject({
        url: '/api/v1/session',
        headers: { cookie: `coldframe_session=${token}` },
      });
      return [reply.statusCode, reply.json().code];
    };
    expect(await codeOf(sessionToken('expired'))).toEqual([401, 'session_expired']);
    expect(await codeOf(sessionToken('nobodys'))).toEqual([401, 'unauthenticated']);
  });

  it('a session reads freely and writes only with the console’s own Origin', async () => {
    bed.deps.sessions.set(sessionToken('tok'), ADMIN);
    const cookie = `other=1; coldframe_session=${sessionToken('tok')}`;
    const read = await bed.http.app.inject({ url: '/api/v1/functions', headers: { cookie } });
    expect(read.statusCode).toBe(200);
    const write = (headers: Record<string, string>) =>
      bed.http.app.inject({
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
      bed.deps.sessions.set(sessionToken('tok'), ADMIN);
      const headers = { cookie: `coldframe_session=${sessionToken('tok')}`, 'sec-fetch-site': site };
      expect((await bed.http.app.inject({ url: '/api/v1/functions', headers })).json().code).toBe('origin_mismatch');
    },
  );

  it('exchanges a link token once, for an HttpOnly, SameSite=Strict cookie that signs in and out', async () => {
    bed.deps.linkTokens.add('one-time');
    const exchange = () =>
      bed.http.app.inject({ method: 'POST', url: '/api/v1/session', payload: { token: 'one-time' } });
    const first = await exchange();
    expect(first.statusCode).toBe(201);
    const cookie = String(first.headers['set-cookie']);
    expect(cookie).toMatch(/^coldframe_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const again = await exchange();
    expect([again.statusCode, again.json().code]).toEqual([401, 'link_token_invalid']);
    const pair = cookie.split(';', 1)[0] as string;
    const who = await bed.http.app.inject({ url: '/api/v1/session', headers: { cookie: pair } });
    expect(who.json()).toEqual({ workspace: 'default', scopes: ['admin'] });
    const out = await bed.http.app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      headers: { cookie: pair, host: 'localhost:1', origin: 'http://localhost:1' },
    });
    expect([out.statusCode, String(out.headers['set-cookie'])]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect((await bed.http.app.inject({ url: '/api/v1/session', headers: { cookie: pair } })).statusCode).toBe(401);
  });
});
