import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../support/fixture.ts';
import { ADMIN_KEY, type ApiReply, TestServer } from '../support/test-server.ts';

const MIB = 1024 * 1024;
/** Timers count whole milliseconds and may be early by one. */
const TIMER_SLACK_MS = 2;

interface Problem {
  code: string;
}

/** A handler that waits for `event.until` to answer: calls last as long as a test wants, not as long as somebody guessed. */
const WAITS = `
let calls = 0;
let running = 0;
export const handler = async (event) => {
  calls++;
  running++;
  const atOnce = running;
  if (event.until) await fetch(event.until);
  running--;
  return { calls, atOnce };
};`;

/** A URL that answers once it is opened; gone with the scope. No file: functions may have a /tmp of their own. */
async function latch(): Promise<Disposable & { url: string; open(): void }> {
  const opened = Promise.withResolvers<void>();
  const listener = createServer((_, res) => void opened.promise.then(() => res.end()));
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    open: opened.resolve,
    [Symbol.dispose]: () => {
      listener.close();
      listener.closeAllConnections();
    },
  };
}

async function queued(): Promise<number> {
  return (await server.api<{ queued: number }>('GET', '/pool')).body.queued;
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
});
afterAll(() => server.stop());

async function timed(call: Promise<ApiReply<Problem>>): Promise<{ reply: ApiReply<Problem>; clientMs: number }> {
  const fromMs = performance.now();
  const reply = await call;
  return { reply, clientMs: performance.now() - fromMs };
}

describe('concurrency', () => {
  it('I1: beyond maxConcurrency calls wait, and the third clock ends their wait with 429 and Retry-After', async () => {
    await server.deploy('one-at-a-time', 'nodejs', fixture('slow', 'nodejs'), {
      maxConcurrency: 1,
      queueTimeoutMs: 400,
      timeoutMs: 5_000,
    });
    // On a busy host a cold start outlasts that clock.
    let throttles = 1;
    await server.until('the sandbox to be warm', async () => {
      const { status } = await server.invoke('one-at-a-time', { ms: 0 });
      if (status === 429) throttles++;
      return status === 200;
    });
    const first = server.invoke('one-at-a-time', { ms: 1_200 });
    await server.until('the first to run', async () => (await inFlight('one-at-a-time')) === 1);
    const { reply, clientMs } = await timed(server.invoke<Problem>('one-at-a-time', { ms: 0 }));
    expect([reply.status, reply.body.code]).toEqual([429, 'throttled']);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(clientMs).toBeGreaterThanOrEqual(400 - TIMER_SLACK_MS);
    expect((await first).status).toBe(200);
    expect((await server.invoke('one-at-a-time', { ms: 0 })).status).toBe(200);
    await server.until(
      'the throttle to be counted',
      async () => {
        const { body } = await server.api<{ totals: { throttles: number; invocations: number } }>(
          'GET',
          '/functions/one-at-a-time/metrics?window=1h&step=1m',
        );
        return body.totals.throttles === throttles && body.totals.invocations === 3;
      },
      60_000,
    );
  });

  it('never more than maxConcurrency run at once, and queued calls are served in turn', async () => {
    await server.deploy('two-at-a-time', 'nodejs', WAITS, {
      maxConcurrency: 2,
      concurrencyPerSandbox: 8,
      timeoutMs: 20_000,
    });
    using gate = await latch();
    const call = () => server.invoke<{ atOnce: number }>('two-at-a-time', { until: gate.url });
    const calling = Promise.all(Array.from({ length: 12 }, call));
    await server.until('two to run and ten to wait', async () => {
      return (await inFlight('two-at-a-time')) === 2 && (await queued()) === 10;
    });
    gate.open();
    const replies = await calling;
    expect(replies.map((reply) => reply.status)).toEqual(Array(12).fill(200));
    expect(Math.max(...replies.map((reply) => reply.body.atOnce))).toBeLessThanOrEqual(2);
  });

  it('maxConcurrency 0 switches a function off', async () => {
    await server.deploy('off', 'nodejs', fixture('echo', 'nodejs'), {
      maxConcurrency: 0,
      queueTimeoutMs: 0,
    });
    const reply = await server.invoke<Problem>('off', {});
    expect([reply.status, reply.body.code]).toEqual([429, 'throttled']);
  });
});

describe('callers who leave', () => {
  it('after dispatch the handler runs on and the record says clientGone', async () => {
    await server.deploy('left', 'nodejs', fixture('slow', 'nodejs'), { capture: 'all' });
    await server.invoke('left', { ms: 0 });
    const controller = new AbortController();
    const calling = fetch(`${server.url}/api/v1/functions/left/invoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: '{"ms":600}',
      signal: controller.signal,
    }).catch(() => null);
    await server.until('the call to run', async () => (await inFlight('left')) === 1);
    controller.abort();
    expect(await calling).toBeNull();
    const { body } = await server.api<{ items: { id: string }[] }>('GET', '/invocations?function=left&limit=1');
    const record = await server.record(body.items[0]?.id ?? '');
    expect(record).toMatchObject({ outcome: 'ok', result: '{"sleptMs":600}', attempts: [{ clientGone: true }] });
  });

  it('before dispatch the call is taken off the queue and never runs', async () => {
    await server.deploy('queued', 'nodejs', WAITS, { maxConcurrency: 1, timeoutMs: 20_000 });
    using gate = await latch();
    const first = server.invoke<{ calls: number }>('queued', { until: gate.url });
    await server.until('the first to run', async () => (await inFlight('queued')) === 1);
    const controller = new AbortController();
    const waiting = fetch(`${server.url}/api/v1/functions/queued/invoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: '{}',
      signal: controller.signal,
    }).catch(() => null);
    await server.until('the second to wait', async () => (await queued()) === 1);
    controller.abort();
    await waiting;
    await server.until('the second to be off the queue', async () => (await queued()) === 0);
    gate.open();
    expect((await first).body.calls).toBe(1);
    expect((await server.invoke<{ calls: number }>('queued', {})).body.calls).toBe(2);
  });
});

it('I10: bodies in flight beyond a function’s share of the budget are refused with 429, and whoever moves still passes', async () => {
  await server.deploy('bodies', 'nodejs', fixture('echo', 'nodejs'));
  const { hostname, port } = new URL(server.url);
  const head = `POST /api/v1/functions/bodies/invoke HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${ADMIN_KEY}\r\ncontent-type: application/json\r\ncontent-length: ${6 * MIB}\r\n\r\n`;
  const allButOneByte = Buffer.alloc(6 * MIB - 1, ' ');
  let refusals = 0;
  // 21 of them fit into the function's 128 MiB.
  const held = Array.from({ length: 24 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}).write(head);
    socket.write(allButOneByte);
    return socket.once('data', (chunk: Buffer) => {
      if (chunk.toString().startsWith('HTTP/1.1 429 ')) refusals++;
    });
  });
  try {
    await server.until('three to be refused', () => refusals >= 3, 60_000);
    // As long as the last of them still arrive, they may be faster than the large one.
    await server.until(
      'a large body to pass those that stand still',
      async () => (await server.invoke('bodies', JSON.stringify('x'.repeat(5 * MIB)))).status === 200,
      20_000,
    );
    expect((await server.invoke('bodies', { small: true })).status).toBe(200);
  } finally {
    for (const socket of held) socket.destroy();
  }
  await server.until(
    'the budget to come back',
    async () => {
      return (await server.invoke('bodies', JSON.stringify('x'.repeat(5 * MIB)))).status === 200;
    },
    20_000,
  );
});

async function inFlight(name: string): Promise<number> {
  const { body } = await server.api<{ sandboxes: { functionName: string; inFlight: number }[] }>('GET', '/pool');
  return body.sandboxes.reduce((sum, one) => sum + (one.functionName === name ? one.inFlight : 0), 0);
}
