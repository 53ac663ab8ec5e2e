import { describe, expect, it } from 'vitest';
import { functionUrlBed, OPEN, returns } from '../testing/function-url-bed.ts';
import { exchange, repliesOf } from '../testing/raw-http.ts';
import { FunctionOrigins } from './function-origins.ts';

const ID = 'abcdefghijklmnopqrstuv23';

describe('origins of functions', () => {
  const local = new FunctionOrigins({ functionOrigin: () => 'http://127.0.0.1:8643', functionDomain: null });
  const remote = new FunctionOrigins({ functionOrigin: () => 'http://192.0.2.1:8643', functionDomain: null });
  const named = new FunctionOrigins({
    functionOrigin: () => 'https://fn.example.org',
    functionDomain: 'fn.example.org',
  });

  it('are subdomains of localhost on loopback, of the domain where there is one, and none elsewhere', () => {
    expect([local.of(ID), named.of(ID), remote.of(ID)]).toEqual([
      `http://${ID}.localhost:8643`,
      `https://${ID}.fn.example.org`,
      null,
    ]);
    expect(local.of('name')).toBeNull();
  });

  it.each([
    [`${ID}.localhost`, ID, ID],
    [`${ID}.localhost:8643`, ID, ID],
    [`${ID.toUpperCase()}.LOCALHOST.`, ID, ID],
    [`${ID}.fn.example.org`, null, ID],
    [`${ID}.fn.example.org:443`, null, ID],
    [`${ID}.evil.example`, null, null],
    [`x.${ID}.fn.example.org`, null, null],
    [`${ID}.fn.example.org.evil.example`, null, null],
    ['fn.example.org', null, null],
    ['localhost', null, null],
    ['[::1]:8643', null, null],
    ['', null, null],
  ])('the host %s names %s on loopback, %s with a domain', (host, onLoopback, withDomain) => {
    expect([local.urlIdOfHost(host), named.urlIdOfHost(host)]).toEqual([onLoopback, withDomain]);
  });

  it('are reachable for whoever came by loopback, and for everybody where there is a domain', () => {
    expect(
      ['localhost:1', '127.0.0.1', '[::1]:1', '192.168.1.5:8643'].map((host) => local.areReachableFrom(host)),
    ).toEqual([true, true, true, false]);
    expect(named.areReachableFrom('203.0.113.9')).toBe(true);
  });
});

describe('what functions share', () => {
  const bed = functionUrlBed();
  const NAVIGATE = {
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'user-agent': 'Mozilla/5.0 Firefox/130.0',
  };
  const page = JSON.stringify({
    statusCode: 200,
    headers: {
      'Content-Type': 'text/html',
      'Service-Worker-Allowed': '/',
      NEL: '{}',
      'Report-To': '{}',
      'Accept-CH': 'x',
      'Alt-Svc': 'h3=":1"',
      'Strict-Transport-Security': 'max-age=1',
      'Clear-Site-Data': '"*"',
      'X-Own': 'kept',
    },
    body: '<p>',
  });
  const ask = (path: string, headers: Record<string, string>) =>
    fetch(`${bed.origin}${path}`, { headers, redirect: 'manual' });

  /** As a browser sends it: Node's own fetch would say another mode. */
  async function visit(path: string, headers: Record<string, string>) {
    const lines = Object.entries({ host: `127.0.0.1:${bed.port}`, connection: 'close', ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const [reply] = repliesOf(await exchange(bed.port, `GET ${path} HTTP/1.1\r\n${head}\r\n`));
    return reply!;
  }

  it('a page is sent on to the origin of its function, with its path and query', async () => {
    bed.add('page', OPEN, returns(page));
    bed.nameOrigin('page', ID);
    const reply = await visit(`/fn/${ID}/a%20b?x=1`, NAVIGATE);
    expect([reply.status, reply.headers.location]).toEqual([307, `http://${ID}.localhost:8643/a%20b?x=1`]);
  });

  it('programs, scripts of pages and Safari stay; what they get is sandboxed and reaches no further than its path', async () => {
    bed.add('page', OPEN, returns(page));
    const safari = 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';
    for (const headers of [{}, { 'sec-fetch-mode': 'cors' }, { ...NAVIGATE, 'user-agent': safari }]) {
      const reply = await visit('/fn/page', headers as Record<string, string>);
      expect(reply).toMatchObject({ status: 200, headers: { 'x-own': 'kept' } });
      expect(reply.headers['content-security-policy']).toMatch(/^sandbox /);
      for (const name of ['service-worker-allowed', 'nel', 'report-to', 'accept-ch', 'alt-svc', 'clear-site-data']) {
        expect(Object.keys(reply.headers)).not.toContain(name);
      }
    }
  });

  it('a page reached by an address that has no subdomains stays, sandboxed', async () => {
    bed.add('page', OPEN, returns(page));
    bed.nameOrigin('page', ID);
    const reply = await visit(`/fn/${ID}`, { ...NAVIGATE, host: '192.168.1.5:8643' });
    expect([reply.status, reply.headers['content-security-policy']]).toEqual([200, expect.stringMatching(/^sandbox /)]);
  });

  it('no script of a service worker is served, by path or by route', async () => {
    bed.add('page', OPEN, returns(page));
    bed.deps.urls.routes = () => [{ method: 'GET', path: '/sw.js', functionId: 'id-page' }];
    for (const path of ['/fn/page/sw.js', '/sw.js']) {
      const reply = await ask(path, { 'service-worker': 'script' });
      expect([reply.status, await reply.text()]).toEqual([403, expect.stringContaining('pageUrl')]);
    }
  });

  it('on its own origin a function has its whole path, and says of its origin what it likes, but nothing of the host', async () => {
    bed.add('page', OPEN, returns(page));
    bed.nameOrigin('page', ID);
    const text = await exchange(
      bed.port,
      `GET /fn/other?x HTTP/1.1\r\nhost: ${ID}.localhost:1\r\nservice-worker: script\r\nconnection: close\r\n\r\n`,
    );
    const [reply] = repliesOf(text);
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'service-worker-allowed': '/', nel: '{}', 'x-own': 'kept' },
    });
    for (const name of ['content-security-policy', 'alt-svc', 'strict-transport-security', 'clear-site-data'])
      expect(Object.keys(reply?.headers ?? {})).not.toContain(name);
    expect(bed.lastEvent()).toMatchObject({ rawPath: '/fn/other', rawQueryString: 'x', routeKey: '$default' });
    const unknown = `GET / HTTP/1.1\r\nhost: ${ID.replace('a', 'z')}.localhost\r\nconnection: close\r\n\r\n`;
    expect(repliesOf(await exchange(bed.port, unknown))[0]?.status).toBe(403);
  });

  it('cookies of an array become headers of their own, none of ours among them, none beyond the host', async () => {
    const headers = { 'set-cookie': ['a=1', '__Host-coldframe_session=evil', 'b=2; Domain=example.org; Path=/'] };
    const cookies = ['c=3', 'coldframe_device=evil', '__Secure-Coldframe-x=evil; Path=/'];
    bed.add('cookies', OPEN, returns(JSON.stringify({ statusCode: 200, headers, cookies, body: '' })));
    const reply = await ask('/fn/cookies', { cookie: '__Host-coldframe_session=s; coldframe_x=1; mine=2' });
    expect(reply.headers.getSetCookie()).toEqual(['a=1', 'b=2; Path=/', 'c=3']);
    expect(bed.lastEvent().cookies).toEqual(['mine=2']);
  });

  it('a key of this server is not handed to an open function; another’s authorization is', async () => {
    bed.add('open', OPEN, returns('1'));
    await ask('/fn/open', { authorization: 'Bearer admin-key' });
    expect(Object.keys(bed.lastEvent().headers)).not.toContain('authorization');
    await ask('/fn/open', { authorization: 'Bearer my-own' });
    expect(bed.lastEvent().headers.authorization).toBe('Bearer my-own');
  });

  it('refusals carry CORS headers where the function has CORS, so that a page can read them', async () => {
    bed.add('cors', { auth: 'key', cors: { allowOrigins: ['https://a.example'] } }, returns('1'));
    const reply = await ask('/fn/cors', { origin: 'https://a.example' });
    expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([403, 'https://a.example']);
  });

  it('why a result is no response is kept for its author', async () => {
    bed.add('broken', OPEN, returns('{"statusCode":200,"headers":{"x y":"a"}}'));
    await ask('/fn/broken', {});
    expect(bed.deps.requests.at(-1)?.replyRefusal).toContain('"x y"');
  });
});
