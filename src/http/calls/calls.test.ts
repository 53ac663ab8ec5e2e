import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeaveSignal } from '../../domain/leave-signal.ts';
import { MIB } from '../../domain/limits.ts';
import { type ConsoleServer, createConsoleServer } from '../console-server.ts';
import { ADMIN, fakeDeps } from '../testing/fake-deps.ts';
import { exchange, repliesOf, until } from '../testing/raw-http.ts';
import { sessionToken } from '../testing/samples.ts';

const deps = fakeDeps();
deps.config.bodyBudgetBytes = 16 * MIB;
let http: ConsoleServer;
let port: number;

beforeAll(async () => {
  http = await createConsoleServer(deps);
  http.server.listen(0, '127.0.0.1');
  await once(http.server, 'listening');
  port = (http.server.address() as AddressInfo).port;
});
afterAll(() => http.close(1_000));
/** Takes any event and returns little. */
deps.behaviours.set('taker', (_request, answer) => answer({ body: Buffer.from('1') }));

function invoke(ref: string, body: string, headers: Record<string, string> = {}) {
  return fetch(`http://127.0.0.1:${port}/api/v1/functions/${ref}/invoke`, {
    method: 'POST',
    body,
    headers: { authorization: 'Bearer invoke-key', 'content-type': 'application/json', ...headers },
  });
}

async function codeOf(reply: Response): Promise<string> {
  return ((await reply.json()) as { code: string }).code;
}

describe('a call', () => {
  it('passes the event’s bytes on and the result’s bytes back as they are', async () => {
    const event = '{ "__proto__": 1,  "n": 1.0, "big": 12345678901234567890 }';
    const reply = await invoke('hello', event);
    expect(reply.status).toBe(200);
    expect(await reply.text()).toBe(event);
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      'content-type': 'application/json',
      'coldframe-start': 'warm',
      'coldframe-isolation': 'process',
      'coldframe-duration-ms': '1.5',
      'x-content-type-options': 'nosniff',
    });
    expect(reply.headers.get('coldframe-invocation-id')).toBe(deps.requests.at(-1)?.id);
  });

  it.each([10, 20_000])('a result keeps its bytes, UTF-8 and not (%i)', async (repeats) => {
    const bytes = Buffer.concat([Buffer.from('"é€😀"'.repeat(repeats)), Buffer.from([0, 0xff, 0x80])]);
    deps.behaviours.set('bytes', (_request, answer) => answer({ body: new Uint8Array(bytes) }));
    const reply = await invoke('bytes', '{}');
    expect(Buffer.from(await reply.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('takes an empty body without content type as {}', async () => {
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/functions/hello/invoke`, {
      method: 'POST',
      headers: { authorization: 'Bearer invoke-key' },
    });
    expect(await reply.text()).toBe('{}');
  });

  it('takes a chunked body, an event in many pieces and an escaped ref', async () => {
    const chunked = await exchange(
      port,
      `POST /api/v1/functions/hello/invoke HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer invoke-key\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n1\r\n[\r\n2\r\n1]\r\n0\r\n\r\n`,
    );
    expect(repliesOf(chunked)[0]).toMatchObject({ status: 200, body: '[1]' });
    const large = JSON.stringify('x'.repeat(5 * MIB));
    expect((await (await invoke('hello', large)).text()).length).toBe(large.length);
    expect(await (await invoke('hello%3A%24LATEST', '2')).text()).toBe('2');
    expect(http.heldBodyBytes).toBe(0);
  });

  it('takes trace id and minimum isolation from headers', async () => {
    await invoke('hello', '1', { 'x-amzn-trace-id': 'Root=1', 'coldframe-min-isolation': 'docker' });
    expect(deps.requests.at(-1)).toMatchObject({ traceId: 'Root=1', minIsolation: 'docker' });
    const wrong = await invoke('hello', '1', { 'coldframe-min-isolation': 'steel' });
    expect([wrong.status, await codeOf(wrong)]).toEqual([400, 'invalid_request']);
  });

  it('works with a session whose Origin is the console', async () => {
    deps.sessions.set(sessionToken('tok'), ADMIN);
    const call = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/api/v1/functions/hello/invoke`, {
        method: 'POST',
        body: '1',
        headers: { cookie: `coldframe_session=${sessionToken('tok')}`, 'content-type': 'application/json', ...headers },
      });
    expect((await call({ origin: `http://127.0.0.1:${port}` })).status).toBe(200);
    expect(await codeOf(await call({ origin: 'http://evil.example' }))).toBe('origin_mismatch');
    expect(await codeOf(await call({ cookie: `coldframe_session=${sessionToken('no')}` }))).toBe('unauthenticated');
  });
});

describe('a refusal', () => {
  it.each([
    ['an absent function', 'absent', {}, 404, 'function_not_found'],
    ['an absent version', 'hello:7', {}, 404, 'version_not_found'],
    ['another content type', 'hello', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['a wrong key', 'hello', { authorization: 'Bearer nope' }, 401, 'unauthenticated'],
    ['another scheme', 'hello', { authorization: 'Basic eDp5' }, 401, 'unauthenticated'],
    ['a key of another scope', 'hello', { authorization: 'Bearer read-key' }, 403, 'forbidden'],
    ['dots for a name', '..%2fx', {}, 404, 'function_not_found'],
  ])('I7: %s', async (_what, ref, headers, status, code) => {
    const reply = await invoke(ref, '{}', headers as Record<string, string>);
    expect([reply.status, await codeOf(reply)]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
  });

  it('I10: an event over 6 MiB is 413 before it is read', async () => {
    const head = `POST /api/v1/functions/hello/invoke HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer invoke-key\r\ncontent-type: application/json\r\ncontent-length: ${7 * MIB}\r\n\r\n`;
    const [reply] = repliesOf(await exchange(port, head, (text) => text.includes('}')));
    expect(reply?.status).toBe(413);
    expect(JSON.parse(reply?.body ?? '').code).toBe('payload_too_large');
    const whole = await invoke('hello', 'x'.repeat(7 * MIB));
    expect(whole.status).toBe(413);
  });

  it('I10: events beyond one function’s half of the budget are 429 with Retry-After; another function is served', async () => {
    const answers: (() => void)[] = [];
    deps.behaviours.set('slow', (_request, answer) => answers.push(() => answer({ body: Buffer.from('1') })));
    const first = invoke('slow', 'x'.repeat(6 * MIB));
    await until(() => answers.length === 1);
    const reply = await invoke('slow', 'x'.repeat(5 * MIB));
    expect([reply.status, await codeOf(reply)]).toEqual([429, 'overloaded']);
    expect(reply.headers.get('retry-after')).toBe('1');
    expect((await invoke('taker', `"${'x'.repeat(5 * MIB)}"`)).status).toBe(200);
    answers[0]?.();
    expect((await first).status).toBe(200);
    await until(() => http.heldBodyBytes === 0);
  });

  it('I10: what a client has declared and not sent holds nothing', async () => {
    const head = `POST /api/v1/functions/taker/invoke HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer invoke-key\r\ncontent-type: application/json\r\ncontent-length: ${6 * MIB}\r\n\r\n`;
    const idle = Array.from({ length: 20 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    for (const socket of idle) socket.write(`${head}{`);
    await until(() => http.heldBodyBytes === idle.length);
    expect((await invoke('taker', `"${'x'.repeat(5 * MIB)}"`)).status).toBe(200);
    for (const socket of idle) socket.destroy();
    await until(() => http.heldBodyBytes === 0);
  });
});

describe('a call that did not end well', () => {
  it.each([
    ['function_error', 'error', 502],
    ['function_timeout', 'timeout', 504],
    ['sandbox_crashed', 'crashed', 502],
    ['function_oom', 'oom', 502],
    ['result_too_large', 'error', 502],
    ['isolation_below_minimum', 'rejected', 409],
    ['invalid_json', 'rejected', 400],
    ['draining', 'rejected', 503],
  ] as const)('I7: %s is a problem with its invocation', async (code, outcome, status) => {
    const error = { errorType: 'Error', errorMessage: 'no', stackTrace: [] };
    deps.behaviours.set('bad', (_request, answer) => answer({ code, outcome, error }));
    const reply = await invoke('bad', '{}');
    const problem = (await reply.json()) as { invocationId: string };
    expect(reply.status).toBe(status);
    expect(problem).toMatchObject({ code, status, error, type: `/errors/${code}` });
    expect(problem.invocationId).toBe(reply.headers.get('coldframe-invocation-id'));
  });

  it('a throttled call says when to come back', async () => {
    deps.behaviours.set('full', (_request, answer) =>
      answer({ code: 'throttled', outcome: 'throttled', retryAfterSeconds: 3, start: null, isolation: null }),
    );
    const reply = await invoke('full', '{}');
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '3']);
    expect(reply.headers.has('coldframe-start')).toBe(false);
  });
});

describe('streams and leaving callers', () => {
  it('a streamed reply arrives in pieces, as they are written', async () => {
    let go = (): void => {};
    deps.behaviours.set('stream', (request, answer) => {
      request.stream?.head({ contentType: 'text/plain', httpPrelude: false });
      request.stream?.write(Buffer.from('first,'));
      go = () => {
        request.stream?.write(Buffer.from('second'));
        answer({ streamed: true });
      };
    });
    const reply = await invoke('stream', '{}');
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('first,');
    go();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('second');
    expect((await reader.read()).done).toBe(true);
    expect(reply.headers.get('content-type')).toBe('text/plain');
  });

  it('a streamed reply ends with what was not known when it began, as trailers', async () => {
    deps.behaviours.set('trailers', (request, answer) => {
      request.stream?.head({ contentType: 'text/plain', httpPrelude: false });
      answer({ streamed: true });
    });
    const text = await exchange(
      port,
      'POST /api/v1/functions/trailers/invoke HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer invoke-key\r\nconnection: close\r\n\r\n',
    );
    expect(text).toMatch(
      /0\r\ncoldframe-start: warm\r\ncoldframe-isolation: process\r\ncoldframe-duration-ms: 1.5\r\n\r\n$/,
    );
  });

  it('a stream that fails on its way is cut, never ended', async () => {
    deps.behaviours.set('cut', (request, answer) => {
      request.stream?.head({ contentType: 'text/plain', httpPrelude: false });
      request.stream?.write(Buffer.from('half'));
      setImmediate(() => answer({ streamed: true, outcome: 'crashed', code: 'sandbox_crashed' }));
    });
    const reply = await invoke('cut', '{}');
    await expect(reply.text()).rejects.toThrow();
  });

  it('a slow reader makes the writer wait', async () => {
    let wrote = true;
    let drained = false;
    deps.behaviours.set('flood', (request) => {
      request.stream?.head({ contentType: 'text/plain', httpPrelude: false });
      while (wrote) wrote = request.stream?.write(Buffer.alloc(64 * 1024)) ?? false;
      request.stream?.whenDrained().then(() => {
        drained = true;
      });
    });
    const controller = new AbortController();
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/functions/flood/invoke`, {
      method: 'POST',
      headers: { authorization: 'Bearer invoke-key' },
      signal: controller.signal,
    });
    expect(reply.status).toBe(200);
    expect(wrote).toBe(false);
    controller.abort();
    await until(() => drained);
  });

  it('a header a function chooses cannot be injected', async () => {
    deps.behaviours.set('inject', (request, answer) => {
      request.stream?.head({ contentType: 'text/plain\r\nset-cookie: a=b', httpPrelude: false });
      answer({ streamed: true });
    });
    const reply = await invoke('inject', '{}');
    expect(reply.headers.has('set-cookie')).toBe(false);
    expect(reply.headers.get('content-type')).toBe('application/octet-stream');
  });

  it('clientGone aborts when the caller leaves, and is aborted at once when asked for later', async () => {
    let request = deps.requests[0];
    deps.behaviours.set('slow', (slow) => {
      request = slow;
    });
    const controller = new AbortController();
    const seen = deps.requests.length;
    const pending = fetch(`http://127.0.0.1:${port}/api/v1/functions/slow/invoke`, {
      method: 'POST',
      headers: { authorization: 'Bearer invoke-key' },
      signal: controller.signal,
    }).catch(() => 'left');
    await until(() => deps.requests.length > seen);
    const early = request!.clientGone!;
    let told = 0;
    const stopped = (): void => expect.unreachable('it was taken off');
    early.addEventListener('abort', () => told++);
    early.addEventListener('abort', stopped);
    early.removeEventListener('abort', stopped);
    expect(early.aborted).toBe(false);
    controller.abort();
    expect(await pending).toBe('left');
    await until(() => early.aborted && told === 1);
    expect(request?.clientGone?.aborted).toBe(true);
  });

  it('clientGone stays quiet for a caller that got its answer', async () => {
    let signal: LeaveSignal | null | undefined;
    let told = 0;
    deps.behaviours.set('quiet', (request, answer) => {
      signal = request.clientGone;
      signal?.addEventListener('abort', () => told++);
      answer({ body: Buffer.from('1') });
    });
    await (await invoke('quiet', '{}', { connection: 'close' })).text();
    await until(() => http.heldBodyBytes === 0);
    expect([signal?.aborted, told]).toEqual([false, 0]);
  });

  it('I10: a large result a slow reader leaves unread counts against the budget', async () => {
    deps.behaviours.set('large', (_request, answer) => answer({ body: Buffer.alloc(6 * MIB, 0x20) }));
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.write(
      'POST /api/v1/functions/large/invoke HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer invoke-key\r\n\r\n',
    );
    await until(() => http.heldBodyBytes === 6 * MIB);
    socket.destroy();
    await until(() => http.heldBodyBytes === 0);
  });
});

describe('a cancel token', () => {
  const TOKEN = 'a-token-of-the-callers-own';
  const cancel = (token: string, key = 'invoke-key') =>
    fetch(`http://127.0.0.1:${port}/api/v1/invocations/cancel`, {
      method: 'POST',
      body: JSON.stringify({ token }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });

  it('names a call in flight before its reply is there, and nothing afterwards', async () => {
    let answer: () => void = () => {};
    const cancelled: string[] = [];
    deps.behaviours.set('held', (_request, done) => (answer = () => done({})));
    deps.invoker.cancel = (_workspaceId, id) => cancelled.push(id) > 0;
    const reply = invoke('held', '{}', { 'coldframe-cancel-token': TOKEN });
    await until(() => deps.requests.at(-1)?.target.functionName === 'held');
    expect(await codeOf(await cancel('another-token-than-that'))).toBe('invocation_not_found');
    const accepted = await cancel(TOKEN);
    expect([accepted.status, await accepted.json()]).toEqual([202, { id: deps.requests.at(-1)?.id }]);
    expect(cancelled).toEqual([deps.requests.at(-1)?.id]);
    answer();
    await reply;
    expect(await codeOf(await cancel(TOKEN))).toBe('invocation_not_found');
  });

  it('that nobody could call unguessable is refused, with the call it came with', async () => {
    const reply = await invoke('hello', '{}', { 'coldframe-cancel-token': 'short' });
    expect(((await reply.json()) as { errors: { path: string }[] }).errors[0]?.path).toBe(
      '/headers/coldframe-cancel-token',
    );
  });
});
