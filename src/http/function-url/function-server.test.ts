import { describe, expect, it } from 'vitest';
import { DEFAULT_WORKSPACE } from '../../domain/default-workspace.ts';
import { MIB } from '../../domain/limits.ts';
import { functionUrlBed, OPEN, returns } from '../testing/function-url-bed.ts';
import { exchange, repliesOf } from '../testing/raw-http.ts';
import { sessionToken } from '../testing/samples.ts';

const bed = functionUrlBed();

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
    bed.add('fails', OPEN, (_request, answer) => answer({ outcome: 'error', code, error, retryAfterSeconds: 1 }));
    const reply = await fetch(`${bed.origin}/fn/fails`);
    expect([reply.status, await reply.text()]).toEqual([status, body]);
    expect(reply.headers.get('coldframe-invocation-id')).toBe(bed.deps.requests.at(-1)?.id);
  });

  it('an unknown url tells nothing, an unknown path is 404', async () => {
    const unknown = await fetch(`${bed.origin}/fn/nobody/x`);
    expect([unknown.status, await unknown.text()]).toEqual([403, '{"Message":null}']);
    expect(unknown.headers.get('x-amzn-errortype')).toBe('AccessDeniedException');
    expect((await fetch(`${bed.origin}/nothing`)).status).toBe(404);
    expect((await fetch(`${bed.origin}/api/v1/functions`)).status).toBe(404);
  });

  it('auth `key` needs a key of scope invoke, which the function never sees', async () => {
    bed.add('keyed', { auth: 'key' }, returns('1'));
    const call = (authorization?: string) =>
      fetch(`${bed.origin}/fn/keyed`, { headers: authorization ? { authorization } : {} });
    for (const wrong of [undefined, 'Bearer nope', 'Bearer read-key', 'Basic eDp5']) {
      const reply = await call(wrong);
      expect([reply.status, ((await reply.json()) as { Message: string }).Message]).toEqual([
        403,
        expect.stringMatching(/^Forbidden/),
      ]);
    }
    expect((await call('Bearer invoke-key')).status).toBe(200);
    expect(Object.keys(bed.lastEvent().headers)).not.toContain('authorization');
  });

  it('an open function sees no header that looks like a secret of the server, good or not, and all others', async () => {
    bed.add('event', OPEN, returns('{}'));
    const seen = async (headers: [string, string][]): Promise<unknown> => {
      expect((await fetch(`${bed.origin}/fn/event`, { headers })).status).toBe(200);
      const { authorization, 'x-key': key } = bed.lastEvent().headers;
      return [authorization, key];
    };
    // A key of this bed, its like, and two that nobody has.
    for (const secret of ['admin-key', 'admiX-key', `cf_${'x'.repeat(43)}`, `cfs_${'y'.repeat(43)}`]) {
      const isKnown = bed.deps.auth.verifyKey(secret) !== null;
      expect([
        isKnown,
        await seen([
          ['authorization', `Bearer ${secret}`],
          ['x-key', secret],
        ]),
      ]).toEqual([secret === 'admin-key', [undefined, undefined]]);
      // Of several with one name, each is looked at.
      const twice = `authorization: Bearer mine\r\nauthorization: Bearer ${secret}\r\n`;
      await exchange(bed.port, `GET /fn/event HTTP/1.1\r\nhost: 127.0.0.1\r\n${twice}connection: close\r\n\r\n`);
      expect(bed.lastEvent().headers.authorization).toBe('Bearer mine');
    }
    expect(
      await seen([
        ['authorization', 'Bearer my-own'],
        ['x-key', 'cf_mine'],
      ]),
    ).toEqual(['Bearer my-own', 'cf_mine']);
  });

  it('a signed-in console session opens no function url', async () => {
    bed.deps.sessions.set(sessionToken('tok'), {
      workspaceId: DEFAULT_WORKSPACE,
      scopes: ['admin'],
      keyId: null,
      sessionId: 's1',
    });
    expect(
      (await fetch(`${bed.origin}/fn/keyed`, { headers: { cookie: `coldframe_session=${sessionToken('tok')}` } }))
        .status,
    ).toBe(403);
  });

  it('I10: bodies over 6 MiB are 413, also once base64 has grown them', async () => {
    bed.add('event', OPEN, returns('{}'));
    const post = (bytes: number) =>
      fetch(`${bed.origin}/fn/event`, {
        method: 'POST',
        body: Buffer.alloc(bytes),
        headers: { 'content-type': 'application/zip' },
      });
    expect((await post(7 * MIB)).status).toBe(413);
    expect((await post(5 * MIB)).status).toBe(413);
    expect((await post(4 * MIB)).status).toBe(200);
    expect(bed.http.heldBodyBytes).toBe(0);
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
    bed.add('cors', { auth: 'key', cors }, returns('1'));
    const before = bed.deps.requests.length;
    const preflight = (from: string) =>
      fetch(`${bed.origin}/fn/cors`, {
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
    expect(bed.deps.requests.length).toBe(before);
  });

  it('replaces the function’s own CORS headers, and leaves them alone without settings', async () => {
    const result = JSON.stringify({ statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*' } });
    bed.add('own', { auth: 'none', cors }, returns(result));
    const named = await fetch(`${bed.origin}/fn/own`, { headers: { origin: 'https://a.example' } });
    expect(named.headers.get('access-control-allow-origin')).toBe('https://a.example');
    bed.add('own', OPEN, returns(result));
    expect((await fetch(`${bed.origin}/fn/own`)).headers.get('access-control-allow-origin')).toBe('*');
    await fetch(`${bed.origin}/fn/own`, { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } });
    expect(bed.lastEvent().requestContext.http.method).toBe('OPTIONS');
  });
});

it('I7: broken HTTP on this listener is answered too', async () => {
  const [reply] = repliesOf(
    await exchange(bed.port, 'GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'),
  );
  expect(reply?.status).toBe(400);
});

it('what is not HTTP behind a call is refused after its answer', async () => {
  bed.add('slow', OPEN, (_request, answer) => setImmediate(() => answer({ body: Buffer.from('"done"') })));
  const call = 'GET /fn/slow HTTP/1.1\r\nhost: a\r\n\r\n';
  const text = await exchange(bed.port, `${call}${call}BROKEN\r\n\r\n`);
  expect(repliesOf(text).map(({ status, body }) => [status, body.slice(0, 4)])).toEqual([
    [200, 'done'],
    [200, 'done'],
    [400, '{"ty'],
  ]);
});
