import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConsoleServer } from '../console-server.ts';
import { exchange, repliesOf, until } from '../testing/raw-http.ts';
import { ServerRig } from '../testing/server-rig.ts';

let rig: ServerRig;
let http: ConsoleServer;
let port: number;

beforeAll(async () => {
  rig = await ServerRig.open({ requestTimeoutMs: 500 });
  ({ http, port } = await rig.listenConsole());
});
afterAll(() => rig[Symbol.asyncDispose]());

const KEY = 'authorization: Bearer admin-key\r\n';
const CALL = `POST /api/v1/functions/hello/invoke HTTP/1.1\r\nhost: localhost\r\n${KEY}content-type: application/json\r\n`;

async function firstReply(bytes: string) {
  const [reply] = repliesOf(await exchange(port, bytes, (text) => /\r\n\r\n[\s\S]*}\s*$/.test(text)));
  return { status: reply?.status, code: JSON.parse(reply?.body || '{}').code };
}

it.each([
  ['two content lengths', `${CALL}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, 400, 'bad_http'],
  [
    'length and chunks together',
    `${CALL}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    'bad_http',
  ],
  ['a bad chunk size', `${CALL}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`, 400, 'bad_http'],
  ['a negative length', `${CALL}content-length: -1\r\n\r\n`, 400, 'bad_http'],
  ['a line that is not HTTP', 'hello there\r\n\r\n', 400, 'bad_http'],
  [
    'a bare carriage return in a header',
    'GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: a\rb\r\n\r\n',
    400,
    'bad_http',
  ],
  [
    'headers over 16 KiB',
    `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    431,
    'header_too_large',
  ],
  ['no Host at all', `GET /healthz HTTP/1.1\r\n${KEY}\r\n`, 421, 'misdirected_host'],
  ['a foreign Host', `GET /api/v1/functions HTTP/1.1\r\nhost: evil.example\r\n${KEY}\r\n`, 421, 'misdirected_host'],
  [
    'a foreign Host on the call',
    CALL.replace('localhost', 'evil.example').concat('content-length: 2\r\n\r\n{}'),
    421,
    'misdirected_host',
  ],
  [
    'a Host that only begins like loopback',
    `GET / HTTP/1.1\r\nhost: 127.0.0.1.evil.example\r\n\r\n`,
    421,
    'misdirected_host',
  ],
  [
    'a foreign absolute URL',
    `GET http://evil.example/api/v1/functions HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    421,
    'misdirected_host',
  ],
  [
    'credentials in an absolute URL',
    `GET http://localhost@evil.example/ HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    400,
    'bad_http',
  ],
  ['a target that is neither', `OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n`, 400, 'bad_http'],
  ['CONNECT', `CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n`, 405, 'method_not_allowed'],
  [
    'escapes that decode to nothing',
    `GET /api/v1/functions/%zz HTTP/1.1\r\nhost: localhost\r\n${KEY}\r\n`,
    400,
    'bad_http',
  ],
  [
    'escaped dots',
    `GET /api/v1/functions/%2e%2e%2fkeys HTTP/1.1\r\nhost: localhost\r\n${KEY}\r\n`,
    404,
    'function_not_found',
  ],
  ['an unknown expectation', `${CALL}expect: tea\r\ncontent-length: 2\r\n\r\n{}`, 400, 'bad_http'],
  [
    'a call that is a GET',
    `GET /api/v1/functions/hello/invoke HTTP/1.1\r\nhost: localhost\r\n${KEY}\r\n`,
    405,
    'method_not_allowed',
  ],
])('I7: %s is answered with its code', async (_what, bytes, status, code) => {
  expect(await firstReply(bytes)).toEqual({ status, code });
});

it('takes an absolute URL of its own', async () => {
  const reply = await exchange(
    port,
    'GET http://localhost:1/healthz HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n',
  );
  expect(repliesOf(reply)[0]).toMatchObject({ status: 200, body: '{"status":"ok"}' });
});

it.each([
  ['headers', 'GET /healthz HTTP/1.1\r\nhost: localh'],
  ['the body of a call', `${CALL}content-length: 10\r\n\r\n{`],
  ['a chunk of a call', `${CALL}transfer-encoding: chunked\r\n\r\n5\r\n{`],
  [
    'the body of an operation',
    `POST /api/v1/keys HTTP/1.1\r\nhost: localhost\r\n${KEY}content-type: application/json\r\ncontent-length: 10\r\n\r\n{`,
  ],
])('I7: a stall in %s ends with request_timeout and holds nothing', async (_what, bytes) => {
  expect(await firstReply(bytes)).toEqual({ status: 408, code: 'request_timeout' });
  await until(() => http.heldBodyBytes === 0);
});

it('answers pipelined calls and operations in order', async () => {
  const call = (event: string) => `${CALL}content-length: ${event.length}\r\n\r\n${event}`;
  const health = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';
  const last = `GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`;
  const replies = repliesOf(await exchange(port, call('1') + health + call('"two"') + last));
  expect(replies.map(({ body }) => body)).toEqual(['1', '{"status":"ok"}', '"two"', '{"status":"ok"}']);
});

it.each([
  ['a call', 'POST /api/v1/functions/hello/invoke', 10, 401],
  ['a call with more than fits', 'POST /api/v1/functions/hello/invoke', 7 * 1024 * 1024, 413],
  ['an operation without a key', 'PUT /api/v1/functions/hello/code', 300_000, 401],
])(
  'closes behind %s that is refused before its body was read, when the client asked for that',
  async (_what, line, bytes, status) => {
    const key = status === 401 ? '' : KEY;
    const head = `${line} HTTP/1.1\r\nhost: localhost\r\n${key}content-type: application/json\r\nconnection: close\r\n`;
    const text = await exchange(port, `${head}content-length: ${bytes}\r\n\r\n${'1'.repeat(bytes)}`);
    expect(repliesOf(text).map((reply) => reply.status)).toEqual([status]);
  },
);

it('invites a body only as far as it may be sent (Expect: 100-continue)', async () => {
  const small = await exchange(port, `${CALL}expect: 100-continue\r\ncontent-length: 2\r\n\r\n{}`, (text) =>
    text.endsWith('{}'),
  );
  expect(small).toMatch(/^HTTP\/1.1 100 Continue/);
  const large = await exchange(port, `${CALL}expect: 100-continue\r\ncontent-length: ${99_999_999}\r\n\r\n`, (text) =>
    text.includes('}'),
  );
  expect(large).toMatch(/^HTTP\/1.1 413 /);
});

it('lets a load balancer ask by address whether the server is up, and nothing else', async () => {
  const ask = (path: string) => exchange(port, `GET ${path} HTTP/1.1\r\nhost: 10.1.2.3\r\nconnection: close\r\n\r\n`);
  expect(await ask('/healthz')).toMatch(/^HTTP\/1.1 200 /);
  expect(await ask('/readyz?isolation=docker')).not.toMatch(/^HTTP\/1.1 421 /);
  expect(await ask('/docs')).toMatch(/^HTTP\/1.1 421 /);
});

const LONG = 'a'.repeat(300);

it.each([
  ['a name of 300 characters', `GET /api/v1/functions/${LONG}`, '', 401],
  ['a name of 300 characters with a key', `GET /api/v1/functions/${LONG}`, KEY, 400],
  ['a name of 8,000 characters with a key', `DELETE /api/v1/functions/${'a'.repeat(8_000)}`, KEY, 400],
  ['an id of 300 characters', `GET /api/v1/invocations/${LONG}`, KEY, 400],
  ['QUERY', 'QUERY /api/v1/functions', '', 400],
  ['QUERY with a key', 'QUERY /api/v1/functions', KEY, 400],
  ['PROPFIND', 'PROPFIND /api/v1/functions', KEY, 405],
])('I7: %s is the caller’s mistake, never a failure of the server', async (_what, line, key, status) => {
  const reply = await firstReply(`${line} HTTP/1.1\r\nhost: localhost\r\n${key}connection: close\r\n\r\n`);
  expect(reply.status).toBe(status);
});

it.each(['comparisons', 'try'])('%s take an object, and nothing else', async (operation) => {
  const head = `POST /api/v1/functions/hello/${operation} HTTP/1.1\r\nhost: localhost\r\n${KEY}connection: close\r\n`;
  const send = (body: string) =>
    firstReply(`${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  for (const body of ['"x"', '1', '[]', 'null', 'true', '[{"event":1}]'])
    expect(await send(body)).toEqual({ status: 400, code: 'invalid_request' });
  for (const body of ['x y', '{"event":1} x', '{"event":1}{}', '{']) {
    expect(await send(body)).toEqual({ status: 400, code: 'invalid_json' });
  }
});

const LIST = `GET /api/v1/functions HTTP/1.1\r\nhost: localhost\r\n${KEY}\r\n`;

it.each([
  ['a call', `${CALL}content-length: 2\r\n\r\n{}`, [200, 400]],
  ['an operation', LIST, [200, 400]],
  ['two operations and a call', `${LIST}${LIST}${CALL}content-length: 2\r\n\r\n{}`, [200, 200, 200, 400]],
])('what is not HTTP behind %s is refused after the answers that are due', async (_what, before, statuses) => {
  const text = await exchange(port, `${before}BROKEN\r\n\r\nBROKEN AGAIN\r\n\r\n`);
  expect(repliesOf(text).map(({ status }) => status)).toEqual(statuses);
});

it('a second request whose chunks break is refused in its own turn', async () => {
  const text = await exchange(port, `${LIST}${CALL}transfer-encoding: chunked\r\n\r\nzz\r\n`);
  expect(repliesOf(text).map(({ status }) => status)).toEqual([200, 400]);
});
