import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURE_LANGUAGES, type FixtureLanguage, fixture } from '../support/fixture.ts';
import { isEnforced, PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { ADMIN_KEY, type ApiReply, TestServer } from '../support/test-server.ts';

const MIB = 1024 * 1024;
/** I1 allows the server 100 ms; the client of a test on two busy cores sees more. */
const CLIENT_SLACK_MS = 1_500;
/** Timers count whole milliseconds and may be early by one. */
const TIMER_SLACK_MS = 2;
const TIMEOUT_MS = 700;

interface Problem {
  code: string;
  error: { errorType: string; errorMessage: string };
  invocationId: string;
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

async function timed(call: Promise<ApiReply<Problem>>): Promise<{ reply: ApiReply<Problem>; clientMs: number }> {
  const fromMs = performance.now();
  const reply = await call;
  return { reply, clientMs: performance.now() - fromMs };
}

async function sandboxOf(reply: ApiReply<unknown>): Promise<string | null | undefined> {
  return (await server.record(reply.headers.get('coldframe-invocation-id') ?? '')).attempts[0]?.sandboxId;
}

/** Answers with its process's own number, or does what `event.do` says; one function for before and after. */
const MISBEHAVES: Record<FixtureLanguage, string> = {
  nodejs: `const kept = [];
export const handler = async (event) => {
  if (event.do === 'spin') for (;;) ;
  if (event.do === 'exit') process.exit(event.code);
  if (event.do === 'die') process.kill(process.pid, 'SIGKILL');
  if (event.do === 'allocate') for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, 1));
  if (event.do === 'large') return 'x'.repeat(7 * 1024 * 1024);
  return 'fine';
};`,
  python: `import os, signal, sys
kept = []


def handler(event, context):
    what = event.get("do")
    while what == "spin":
        pass
    if what == "exit":
        sys.exit(event["code"])
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    while what == "allocate":
        kept.append(b"x" * (8 * 1024 * 1024))
    if what == "large":
        return "x" * (7 * 1024 * 1024)
    return "fine"
`,
};

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  describe.each(FIXTURE_LANGUAGES)('a %s function', (language) => {
    const name = `misbehaves-${isolation}-${language}`;
    const once = { made: false };

    async function deployed(context: Parameters<typeof requireIsolation>[2]): Promise<void> {
      await requireIsolation(server, isolation, context);
      if (once.made) return;
      once.made = true;
      await server.deploy(name, language, MISBEHAVES[language], { isolation, timeoutMs: TIMEOUT_MS });
    }

    it('I1 I2: a loop is answered when its time is over, and the next call gets another sandbox', {
      timeout: PREPARE_TIMEOUT_MS,
    }, async (context) => {
      await deployed(context);
      const before = await server.invoke(name, {});
      const { reply, clientMs } = await timed(server.invoke<Problem>(name, { do: 'spin' }));
      expect([reply.status, reply.body.code]).toEqual([504, 'function_timeout']);
      expect(reply.body.error).toMatchObject({
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${reply.body.invocationId} Error: Task timed out after 0.70 seconds`,
      });
      expect(clientMs).toBeGreaterThanOrEqual(TIMEOUT_MS - TIMER_SLACK_MS);
      expect(clientMs).toBeLessThan(TIMEOUT_MS + CLIENT_SLACK_MS);
      const after = await server.invoke(name, {});
      expect([after.status, after.body]).toEqual([200, 'fine']);
      const [first, spun, last] = [await sandboxOf(before), await sandboxOf(reply), await sandboxOf(after)];
      expect(spun).toBe(first);
      expect(last).not.toBe(first);
      const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
      expect(record).toMatchObject({
        outcome: 'timeout',
        attempts: [{ outcome: 'timeout', code: 'function_timeout' }],
      });
      expect(record.durationMs).toBeGreaterThanOrEqual(TIMEOUT_MS - TIMER_SLACK_MS);
    });

    it('I2: exiting or dying ends that sandbox alone, in Lambda’s words', async (context) => {
      await deployed(context);
      for (const [event, reason] of [
        [{ do: 'exit', code: 3 }, 'Runtime exited with error: exit status 3'],
        [{ do: 'exit', code: 0 }, 'Runtime exited without providing a reason'],
        [{ do: 'die' }, 'Runtime exited with error: signal: killed'],
      ] as const) {
        await server.invoke(name, {});
        const reply = await server.invoke<Problem>(name, event);
        expect([reply.status, reply.body.code]).toEqual([502, 'sandbox_crashed']);
        expect(reply.body.error).toEqual({
          errorType: 'Runtime.ExitError',
          errorMessage: `RequestId: ${reply.body.invocationId} Error: ${reason}`,
          stackTrace: [],
        });
        const after = await server.invoke(name, {});
        expect([after.status, after.body]).toEqual([200, 'fine']);
        expect(await sandboxOf(after)).not.toBe(await sandboxOf(reply));
      }
    });

    it('I6 I2: allocating without end is out of memory where memory is enforced', async (context) => {
      await deployed(context);
      if (!(await isEnforced(server, isolation, 'memory')))
        return context.skip(`needs ${isolation} with memory enforced, which this host does not permit`);
      await server.api('PATCH', `/functions/${name}`, { timeoutMs: 20_000 });
      const reply = await server.invoke<Problem>(name, { do: 'allocate' });
      expect([reply.status, reply.body.code, reply.body.error.errorType]).toEqual([
        502,
        'function_oom',
        'Runtime.OutOfMemory',
      ]);
      expect(await server.record(reply.body.invocationId)).toMatchObject({ outcome: 'oom' });
      const after = await server.invoke(name, {});
      expect([after.status, after.body]).toEqual([200, 'fine']);
      expect(await sandboxOf(after)).not.toBe(await sandboxOf(reply));
    });

    it('a result over 6 MiB is 502, and the sandbox serves on', async (context) => {
      await deployed(context);
      await server.invoke(name, {});
      const reply = await server.invoke<Problem>(name, { do: 'large' });
      expect([reply.status, reply.body.code]).toEqual([502, 'result_too_large']);
      expect(reply.body.error.errorType).toBe('Function.ResponseSizeTooLarge');
      expect((await server.invoke(name, {})).status).toBe(200);
    });

    it('I1: a module that never finishes loading is ended by the second clock', async (context) => {
      await requireIsolation(server, isolation, context);
      const slow = `loads-${isolation}-${language}`;
      await server.deploy(slow, language, fixture('spins-at-import', language), { isolation, initTimeoutMs: 500 });
      const { reply, clientMs } = await timed(server.invoke<Problem>(slow, {}));
      expect([reply.status, reply.body.code]).toEqual([504, 'init_timeout']);
      expect(reply.body.error.errorType).toMatch(/^(Runtime\.InitTimeout|Sandbox\.Timedout)$/);
      expect(clientMs).toBeGreaterThanOrEqual(500 - TIMER_SLACK_MS);
    });

    it('a module that throws or exits while loading is an init error, each time anew', async (context) => {
      await requireIsolation(server, isolation, context);
      for (const [fixtureName, status, codes] of [
        ['throws-at-import', 502, ['init_error']],
        ['exits-at-import', 502, ['init_error', 'sandbox_crashed']],
        ['imports-missing', 502, ['init_error']],
        ['missing-handler', 502, ['init_error']],
      ] as const) {
        const broken = `${fixtureName}-${isolation}-${language}`;
        await server.deploy(broken, language, fixture(fixtureName, language), { isolation });
        for (let n = 0; n < 2; n++) {
          const reply = await server.invoke<Problem>(broken, {});
          expect([fixtureName, reply.status, codes]).toEqual([
            fixtureName,
            status,
            expect.arrayContaining([reply.body.code]),
          ]);
        }
      }
    });
  });
});

describe('concurrency', () => {
  it('I1: beyond maxConcurrency calls wait, and the third clock ends their wait with 429 and Retry-After', async () => {
    await server.deploy('one-at-a-time', 'nodejs', fixture('slow', 'nodejs'), {
      isolation: 'process',
      maxConcurrency: 1,
      queueTimeoutMs: 400,
      timeoutMs: 5_000,
    });
    await server.invoke('one-at-a-time', { ms: 0 });
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
        return body.totals.throttles === 1 && body.totals.invocations === 3;
      },
      10_000,
    );
  });

  it('never more than maxConcurrency run at once, and queued calls are served in turn', async () => {
    const source = `let running = 0;
export const handler = async () => {
  running++;
  await new Promise((resolve) => setTimeout(resolve, 50));
  return running--;
};`;
    await server.deploy('two-at-a-time', 'nodejs', source, {
      isolation: 'process',
      maxConcurrency: 2,
      concurrencyPerSandbox: 8,
    });
    const replies = await Promise.all(Array.from({ length: 12 }, () => server.invoke<number>('two-at-a-time', {})));
    expect(replies.map((reply) => reply.status)).toEqual(Array(12).fill(200));
    expect(Math.max(...replies.map((reply) => reply.body))).toBeLessThanOrEqual(2);
  });

  it('maxConcurrency 0 switches a function off', async () => {
    await server.deploy('off', 'nodejs', fixture('echo', 'nodejs'), {
      isolation: 'process',
      maxConcurrency: 0,
      queueTimeoutMs: 0,
    });
    const reply = await server.invoke<Problem>('off', {});
    expect([reply.status, reply.body.code]).toEqual([429, 'throttled']);
  });
});

describe('callers who leave', () => {
  it('after dispatch the handler runs on and the record says clientGone', async () => {
    await server.deploy('left', 'nodejs', fixture('slow', 'nodejs'), { isolation: 'process', capture: 'all' });
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
    const source = `let calls = 0;
export const handler = async (event) => {
  calls++;
  if (event.ms) await new Promise((resolve) => setTimeout(resolve, event.ms));
  return calls;
};`;
    await server.deploy('queued', 'nodejs', source, { isolation: 'process', maxConcurrency: 1, timeoutMs: 5_000 });
    const first = server.invoke('queued', { ms: 700 });
    await server.until('the first to run', async () => (await inFlight('queued')) === 1);
    const controller = new AbortController();
    const waiting = fetch(`${server.url}/api/v1/functions/queued/invoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: '{}',
      signal: controller.signal,
    }).catch(() => null);
    await server.until('the second to wait', async () => {
      const { body } = await server.api<{ queued: number }>('GET', '/pool');
      return body.queued === 1;
    });
    controller.abort();
    await waiting;
    expect((await first).body).toBe(1);
    expect((await server.invoke('queued', {})).body).toBe(2);
  });
});

it('I10: bodies in flight beyond the budget are refused with 429 before they are read, and others still pass', async () => {
  await server.deploy('bodies', 'nodejs', fixture('echo', 'nodejs'), { isolation: 'process' });
  const { hostname, port } = new URL(server.url);
  const head = `POST /api/v1/functions/bodies/invoke HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${ADMIN_KEY}\r\ncontent-type: application/json\r\ncontent-length: ${6 * MIB}\r\n\r\n`;
  let refusals = 0;
  // 42 of them fit into 256 MiB.
  const held = Array.from({ length: 45 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}).write(head);
    return socket.once('data', (chunk: Buffer) => {
      if (chunk.toString().startsWith('HTTP/1.1 429 ')) refusals++;
    });
  });
  try {
    await server.until('the budget to be full', () => refusals === 3, 20_000);
    const reply = await server.invoke<Problem>('bodies', JSON.stringify('x'.repeat(5 * MIB)));
    expect([reply.status, reply.body.code, reply.headers.get('retry-after')]).toEqual([429, 'overloaded', '1']);
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
