import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConsoleServer } from '../../console-server.ts';
import { exchange, repliesOf, until } from '../../testing/raw-http.ts';
import { ServerRig } from '../../testing/server-rig.ts';

let rig: ServerRig;
let http: ConsoleServer;
let port: number;

beforeAll(async () => {
  rig = await ServerRig.open();
  ({ http, port } = await rig.listenConsole());
});
afterAll(() => rig[Symbol.asyncDispose]());

interface CallOptions {
  name?: string;
  body?: string;
  headers?: string[];
}

const KEY = 'authorization: Bearer invoke-key';
const WAIT = { timeout: 10_000, interval: 5 };
const JSON_TYPE = 'content-type: application/json';

function callOf({ name = 'hello', body = '{"n":1}', headers = [KEY, JSON_TYPE] }: CallOptions = {}): string {
  const lines = [`POST /api/v1/functions/${name}/invoke HTTP/1.1`, 'host: localhost', ...headers];
  const head = lines.join('\r\n').replace(/Bearer (invoke|read)-key/, (_all, scope) => `Bearer ${rig.key(scope)}`);
  return `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Replies of the lane write their own names of headers small; node:http writes `Date`. */
const isOfLane = (text: string): boolean => /\r\ndate: /.test(text);
const isReply = (text: string): boolean => /\r\n\r\n.+$/s.test(text);

async function inTwoPieces(request: string): Promise<string> {
  return await exchange(
    port,
    (socket) => {
      socket.write(request.slice(0, 20));
      // A turn of its own on the way, so that the pieces arrive as two chunks.
      socket.setNoDelay(true);
      setImmediate(() => setImmediate(() => socket.write(request.slice(20))));
    },
    isReply,
  );
}

class Client {
  readonly socket: Socket;
  text = '';
  isClosed = false;

  constructor() {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1');
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
    });
  }

  get replies() {
    return repliesOf(this.text);
  }
}

describe('a call that arrives whole', () => {
  it('is answered in the lane, again and again on one connection', async () => {
    const client = new Client();
    for (let count = 1; count <= 3; count++) {
      client.socket.write(callOf({ body: `{"n":${count}}` }));
      await until(() => client.replies.length === count);
    }
    client.socket.destroy();
    expect(client.replies.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(client.text.match(/\r\ndate: /g)).toHaveLength(3);
  });

  it.each<[string, CallOptions]>([
    ['a result', {}],
    ['an absent function', { name: 'absent' }],
    ['an absent version', { name: 'hello:7' }],
    ['another content type', { headers: [KEY, 'content-type: text/plain'] }],
    ['no content type', { headers: [KEY] }],
    ['a key of another scope', { headers: ['authorization: Bearer read-key', JSON_TYPE] }],
    ['a minimum nobody knows', { headers: [KEY, JSON_TYPE, 'coldframe-min-isolation: steel'] }],
    ['an empty body', { body: '' }],
  ])('reads the same as one in pieces: %s', async (_what, options) => {
    const [whole, pieces] = [await exchange(port, callOf(options), isReply), await inTwoPieces(callOf(options))];
    expect([isOfLane(whole), isOfLane(pieces)]).toEqual([true, false]);
    const [one, other] = [comparable(whole), comparable(pieces)];
    expect(one).toEqual(other);
  });

  it.each<[string, CallOptions]>([
    ['a Host we do not answer to', { headers: ['x-forwarded-host: a', KEY, JSON_TYPE] }],
    ['no key', { headers: [JSON_TYPE] }],
    ['a wrong key', { headers: ['authorization: Bearer nope', JSON_TYPE] }],
    ['another scheme', { headers: ['authorization: Basic eDp5', JSON_TYPE] }],
    ['an escaped ref', { name: 'hello%3A%24LATEST' }],
  ])('goes to node:http untouched with %s', async (what, options) => {
    const request = what.startsWith('a Host')
      ? callOf(options).replace('host: localhost', 'host: evil.example')
      : callOf(options);
    const text = await exchange(port, request, isReply);
    expect(isOfLane(text)).toBe(false);
    const refusals = { 'a Host we do not answer to': 421, 'no key': 401, 'a wrong key': 401, 'another scheme': 401 };
    expect(repliesOf(text)[0]?.status).toBe(refusals[what as keyof typeof refusals] ?? 200);
  });

  it('keeps the bytes of large results and of UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('"é€😀"'.repeat(4_000)), Buffer.from([0, 0xff, 0x80])]);
    await rig.deploy('bytes', () => new Uint8Array(bytes));
    const client = new Client();
    client.socket.write(callOf({ name: 'bytes' }));
    await until(() => client.replies[0]?.body.length === bytes.length);
    client.socket.destroy();
    expect(isOfLane(client.text)).toBe(true);
    expect(Buffer.from(client.replies[0]!.body, 'latin1').equals(bytes)).toBe(true);
  });
});

describe('bytes that come before the answer is out', () => {
  it('are the next request, answered after it and in order', async () => {
    const held = Promise.withResolvers<Buffer>();
    let hasBegun = false;
    await rig.deploy('held', () => {
      hasBegun = true;
      return held.promise;
    });
    const client = new Client();
    client.socket.write(callOf({ name: 'held' }));
    await until(() => hasBegun);
    client.socket.write(callOf({ body: '"second"' }));
    client.socket.write(callOf({ body: '"third"' }));
    await until(() => client.socket.bytesWritten > 0 && client.socket.writableLength === 0);
    held.resolve(Buffer.from('"first"'));
    await until(() => client.replies.length === 3);
    client.socket.destroy();
    expect(client.replies.map(({ body }) => body)).toEqual(['"first"', '"second"', '"third"']);
  });

  it('may be of anything: an ordinary request of the API follows a call', async () => {
    const client = new Client();
    client.socket.write(callOf());
    await until(() => client.replies.length === 1);
    client.socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await until(() => client.replies.length === 2);
    client.socket.destroy();
    expect(client.replies.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('two calls in one chunk are two calls', async () => {
    const client = new Client();
    client.socket.write(callOf({ body: '1' }) + callOf({ body: '2' }));
    await until(() => client.replies.length === 2);
    client.socket.destroy();
    expect(client.replies.map(({ body }) => body)).toEqual(['1', '2']);
  });
});

describe('a client that leaves', () => {
  it.each(['destroy', 'end'] as const)('before the answer is recorded as gone (%s)', async (how) => {
    const held = Promise.withResolvers<number>();
    let id = '';
    await rig.deploy(`left-${how}`, (_event, call) => {
      id = call.requestId;
      return held.promise;
    });
    const client = new Client();
    client.socket.write(callOf({ name: `left-${how}` }));
    await until(() => id !== '');
    client.socket[how]();
    await until(() => client.isClosed);
    await vi.waitFor(() => expect(serverSockets()).resolves.toBe(0), WAIT);
    held.resolve(1);
    await vi.waitFor(async () => expect((await rig.record(id)).attempts[0]?.clientGone).toBe(true), WAIT);
    expect(http.heldBodyBytes).toBe(0);
  });

  it('in the middle of a stream ends the waiting of its writer', async () => {
    const piece = Buffer.alloc(64 * 1024);
    let isBehind = false;
    await rig.deploy('flood', async (_event, call) => {
      // More than the kernel takes for a reader that does not read.
      for (let n = 0; n < 1_024; n++) {
        if (call.chunk(piece, { contentType: 'text/plain' }) >= piece.length) continue;
        isBehind = true;
        await call.credit();
        isBehind = false;
      }
      return null;
    });
    const client = new Client();
    client.socket.pause();
    client.socket.write(callOf({ name: 'flood' }));
    await until(() => isBehind && rig.deps.invoker.inFlight === 1);
    client.socket.destroy();
    await until(() => rig.deps.invoker.inFlight === 0);
  });
});

describe('a streamed reply', () => {
  it('is chunked, with trailers, and the connection serves on', async () => {
    await rig.deploy('stream', (_event, call) => {
      call.chunk(Buffer.from('first,'), { contentType: 'text/plain' });
      call.chunk(Buffer.from('second'));
      return null;
    });
    const client = new Client();
    client.socket.write(callOf({ name: 'stream' }));
    await until(() => /coldframe-duration-ms: [\d.]+\r\n\r\n$/.test(client.text));
    expect(isOfLane(client.text)).toBe(true);
    // Pieces that come together may leave together.
    expect(client.text).toMatch(
      /\r\n\r\n(6\r\nfirst,\r\n6\r\nsecond|c\r\nfirst,second)\r\n0\r\ncoldframe-start: (cold|claimed)\r\n/,
    );
    client.text = '';
    client.socket.write(callOf());
    await until(() => client.replies.length === 1);
    client.socket.destroy();
    expect(client.replies[0]?.status).toBe(200);
  });

  it('that fails on its way is cut', async () => {
    await rig.deploy('cut', (_event, call) => {
      call.chunk(Buffer.from('half'), { contentType: 'text/plain' });
      call.exit(1);
      return new Promise(() => {});
    });
    const client = new Client();
    client.socket.write(callOf({ name: 'cut' }));
    await until(() => client.isClosed);
    expect(client.text).toContain('half');
    expect(client.text).not.toMatch(/\r\n0\r\n/);
  });

  it('never carries a control character a function put into its content type', async () => {
    await rig.deploy('type', (_event, call) => {
      call.chunk(Buffer.from('1'), { contentType: 'text/plain\r\nx-evil: 1' });
      return null;
    });
    const text = await exchange(port, callOf({ name: 'type' }), (seen) => /\r\n0\r\n/.test(seen));
    expect(text).toContain('content-type: application/octet-stream\r\n');
    expect(text).not.toContain('x-evil');
  });
});

describe('a stop', () => {
  it('closes idle connections and lets a call in flight finish, saying that it was the last', async () => {
    const held = Promise.withResolvers<string>();
    let hasBegun = false;
    await rig.deploy('slow', () => {
      hasBegun = true;
      return held.promise;
    });
    const other = await rig.listenConsole();
    const [idle, busy] = [connect(other.port, '127.0.0.1'), connect(other.port, '127.0.0.1')];
    let text = '';
    busy.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    idle.write(callOf());
    await once(idle, 'data');
    busy.write(callOf({ name: 'slow' }));
    await until(() => hasBegun);
    const closed = other.http.close(10_000);
    await once(idle, 'close');
    held.resolve('done');
    await Promise.all([once(busy, 'close'), closed]);
    expect(text).toContain('connection: close\r\n');
    expect(repliesOf(text)[0]?.body).toBe('"done"');
  });
});

/** Connections the server holds open now. */
function serverSockets(): Promise<number> {
  return new Promise((resolve, reject) =>
    http.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}

/** Without what differs from call to call or is named by each server in its own way. */
function comparable(text: string) {
  const [reply] = repliesOf(text);
  const { date, 'coldframe-invocation-id': id, 'coldframe-duration-ms': took, ...headers } = reply!.headers;
  expect(date).toBeDefined();
  // The sandbox of the call before may not be free again yet.
  if (headers['coldframe-start'] !== undefined) headers['coldframe-start'] = 'some';
  const body = reply!.body.replace(/"(requestId|invocationId)":"[^"]+"/g, '');
  return { status: reply!.status, headers, body, hasId: id !== undefined, hasDuration: took !== undefined };
}
