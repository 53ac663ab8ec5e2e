import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostLag } from '../../src/sandbox/conformance/host-lag.ts';
import { FIXTURE_LANGUAGES, type FixtureLanguage, fixture } from '../support/fixture.ts';
import { isEnforced, PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { type ApiReply, TestServer } from '../support/test-server.ts';

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

async function timed(
  call: Promise<ApiReply<Problem>>,
): Promise<{ reply: ApiReply<Problem>; clientMs: number; hostLagMs: number }> {
  const fromMs = performance.now();
  const hostLag = new HostLag();
  const reply = await call;
  return { reply, clientMs: performance.now() - fromMs, hostLagMs: hostLag.stop() };
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
      const { reply, clientMs, hostLagMs } = await timed(server.invoke<Problem>(name, { do: 'spin' }));
      expect([reply.status, reply.body.code]).toEqual([504, 'function_timeout']);
      expect(reply.body.error).toMatchObject({
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${reply.body.invocationId} Error: Task timed out after 0.70 seconds`,
      });
      expect(clientMs).toBeGreaterThanOrEqual(TIMEOUT_MS - TIMER_SLACK_MS);
      expect(clientMs).toBeLessThan(TIMEOUT_MS + CLIENT_SLACK_MS + hostLagMs);
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
        return context.skip('needs cgroups: memory is unenforced here');
      await server.api('PATCH', `/functions/${name}`, { timeoutMs: 90_000 });
      const reply = await server.invoke<Problem>(name, { do: 'allocate' });
      expect([reply.status, reply.body.code, reply.body.error.errorType], reply.text).toEqual([
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
