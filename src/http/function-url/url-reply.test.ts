import { describe, expect, it } from 'vitest';
import { MIB } from '../../domain/limits.ts';
import type { Behaviour } from '../testing/fake-deps.ts';
import { functionUrlBed, OPEN, returns } from '../testing/function-url-bed.ts';
import { exchange } from '../testing/raw-http.ts';

const bed = functionUrlBed();

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
    bed.add('reply', OPEN, returns(result));
    const reply = await fetch(`${bed.origin}/fn/reply`);
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
    bed.add('invalid', OPEN, returns(result));
    const reply = await fetch(`${bed.origin}/fn/invalid`);
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
    bed.add('headers', OPEN, returns(JSON.stringify({ statusCode: 200, headers, cookies, body: 'ok' })));
    const reply = await fetch(`${bed.origin}/fn/headers`);
    expect(await reply.text()).toBe('ok');
    expect(reply.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(reply.headers.get('content-length')).toBe('2');
    expect(reply.headers.has('clear-site-data')).toBe(false);
  });

  it('I1: a 6 MiB nested result is passed on in linear time', async () => {
    bed.add('nested', OPEN, returns(Buffer.concat([Buffer.alloc(3 * MIB, '['), Buffer.alloc(3 * MIB, ']')])));
    const reply = await fetch(`${bed.origin}/fn/nested`);
    expect((await reply.arrayBuffer()).byteLength).toBe(6 * MIB);
  });

  it('HEAD carries the headers and no body', async () => {
    bed.add('head', OPEN, returns('"hello"'));
    const reply = await exchange(bed.port, 'HEAD /fn/head HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(reply).toMatch(/content-length: 5/i);
    expect(reply.endsWith('\r\n\r\n')).toBe(true);
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
      bed.add('stream', OPEN, streams(chunks, { contentType: 'x', httpPrelude: true }));
      const reply = await fetch(`${bed.origin}/fn/stream`);
      expect([reply.status, await reply.text(), reply.headers.get('x-s')]).toEqual([201, 'body', '1']);
      expect(reply.headers.getSetCookie()).toEqual(['a=b']);
    }
  });

  it('without a prelude it is 200 with the stream’s own type', async () => {
    bed.add('stream', OPEN, streams(['a', 'b'], { contentType: 'text/csv', httpPrelude: false }));
    const reply = await fetch(`${bed.origin}/fn/stream`);
    expect([reply.status, await reply.text(), reply.headers.get('content-type')]).toEqual([200, 'ab', 'text/csv']);
  });

  it('a prelude that is none, never ends or is too long is 502; a stream that fails later is cut', async () => {
    for (const chunk of [`nonsense${'\0'.repeat(8)}`, '{"statusCode":', 'x'.repeat(70_000)]) {
      bed.add('stream', OPEN, streams([chunk], { contentType: 'x', httpPrelude: true }));
      expect((await fetch(`${bed.origin}/fn/stream`)).status).toBe(502);
    }
    bed.add('stream', OPEN, streams(['half'], { contentType: 'text/plain', httpPrelude: false }, false));
    await expect(fetch(`${bed.origin}/fn/stream`).then((reply) => reply.text())).rejects.toThrow();
  });
});
