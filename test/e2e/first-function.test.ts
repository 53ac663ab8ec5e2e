import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Phases } from '../../src/domain/invocation.ts';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { hostTraces, NO_TRACES } from '../support/host-traces.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';

const GREETS = {
  nodejs: "export const handler = async (event) => { console.log('greets'); return { hello: event.name, n: 1 }; };",
  python: "def handler(event, context):\n    print('greets')\n    return {'hello': event['name'], 'n': 1}\n",
};
const ISOLATION_RANK = ['process', 'bubblewrap', 'docker', 'gvisor'];

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(async () => {
  const { body } = await server.api<{ instance: string }>('GET', '/platform');
  await server.stop();
  expect(await hostTraces(body.instance)).toEqual(NO_TRACES);
});

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  describe.each(FIXTURE_LANGUAGES)('a %s function', (language) => {
    it('answers, says how it started, and is recorded with phases, usage, receipt and output', {
      timeout: PREPARE_TIMEOUT_MS,
    }, async (context) => {
      await requireIsolation(server, isolation, context);
      const name = `greets-${isolation}-${language}`;
      const created = await server.api('POST', '/functions', {
        name,
        runtime: language,
        code: { source: GREETS[language] },
        isolation,
      });
      expect(created.status).toBe(201);
      expect(created.headers.get('location')).toBe(`/api/v1/functions/${name}`);
      expect(created.body).toMatchObject({ state: 'active', effectiveIsolation: isolation, version: '$LATEST' });
      expect(created.body.runtime).toMatch(/^(nodejs|python)[\d.]+$/);

      const sentAtMs = performance.now();
      const reply = await server.invoke(name, { name: 'Ada' });
      const clientMs = performance.now() - sentAtMs;
      expect([reply.status, reply.body]).toEqual([200, { hello: 'Ada', n: 1 }]);
      expect(Object.fromEntries(reply.headers)).toMatchObject({
        'content-type': 'application/json',
        'coldframe-isolation': isolation,
        'cache-control': 'no-store',
      });
      expect(reply.headers.get('coldframe-start')).toMatch(/^(cold|claimed)$/);
      expect(Number(reply.headers.get('coldframe-duration-ms'))).toBeGreaterThan(0);

      const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
      const [attempt] = record.attempts;
      expect(record).toMatchObject({ functionName: name, mode: 'sync', trigger: 'api', outcome: 'ok', isolation });
      expect(record).toMatchObject({ eventBytes: 14, resultBytes: reply.text.length, event: null, result: null });
      expect(attempt).toMatchObject({
        number: 1,
        outcome: 'ok',
        code: null,
        error: null,
        start: reply.headers.get('coldframe-start'),
        revisionId: (created.body.revision as { id: string }).id,
        logsTruncated: false,
        clientGone: false,
        receipt: { isolation, driver: isolation, codeSha256: created.body.codeSha256, dependencySetSha256: null },
      });
      expect(attempt?.startReason).toMatch(/^(first_call|pool_empty)$/);
      expect(attempt?.logs).toMatchObject([{ stream: 'stdout', text: 'greets' }]);
      if (!attempt) throw new Error('no attempt');
      expectPhasesToFit(attempt.phases, clientMs);
      const { source, cpuMs, maxMemoryMib, shared } = attempt.usage;
      expect(shared).toBe(false);
      if (source === null) expect([cpuMs, maxMemoryMib]).toEqual([null, null]);
      else {
        expect(source).toMatch(/^(cgroup1|cgroup2|procfs)$/);
        // Without a cgroup the kernel counts whole ticks of 10 ms, and a call may take less than one.
        if (source === 'procfs') expect(cpuMs).toBeGreaterThanOrEqual(0);
        else expect(cpuMs).toBeGreaterThan(0);
        expect(maxMemoryMib).toBeGreaterThan(0);
      }
    });

    it('is warm on its second call and fails with its own error, file and line', async (context) => {
      await requireIsolation(server, isolation, context);
      const name = `throws-${isolation}-${language}`;
      await server.deploy(name, language, fixture('throws', language), { isolation });
      await server.invoke(name, {});
      const reply = await server.invoke<{ error: { stackTrace: string[] } }>(name, { message: 'no such order' });
      expect([reply.status, reply.headers.get('coldframe-start')]).toEqual([502, 'warm']);
      expect(reply.body).toMatchObject({
        code: 'function_error',
        error: { errorType: 'OrderError', errorMessage: 'no such order' },
      });
      expect(reply.body.error.stackTrace.join('\n')).toMatch(/\/var\/task\/index\.(js|py)/);
      const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
      expect(record.attempts[0]).toMatchObject({ start: 'warm', startReason: null, code: 'function_error' });
      expect(JSON.parse(record.event as string)).toEqual({ message: 'no such order' });
    });

    it('streams a reply in pieces', async (context) => {
      await requireIsolation(server, isolation, context);
      const name = `streams-${isolation}-${language}`;
      await server.deploy(name, language, fixture('streams', language), { isolation });
      const reply = await server.invoke(name, { pieces: 100, pieceBytes: 20_000 });
      expect([reply.status, reply.text.length]).toEqual([200, 2_000_000]);
      const id = reply.headers.get('coldframe-invocation-id') ?? '';
      expect(await server.record(id)).toMatchObject({ outcome: 'ok', resultBytes: 2_000_000 });
      await expect(server.invoke(name, { pieces: 3, failAt: 2 })).rejects.toThrow();
    });

    it('answers on its function URL', async (context) => {
      await requireIsolation(server, isolation, context);
      const name = `url-${isolation}-${language}`;
      await server.deploy(name, language, fixture('streams-http', language), { isolation, url: { auth: 'none' } });
      const reply = await fetch(`${server.functionUrl}/fn/${name}/x`);
      expect([reply.status, reply.headers.get('x-made-by'), await reply.text()]).toEqual([
        201,
        'fixture',
        '<p>streamed</p>',
      ]);
      expect(reply.headers.getSetCookie()).toEqual(['a=1']);
    });
  });

  it('a caller may demand this isolation and nothing weaker runs', async (context) => {
    await requireIsolation(server, isolation, context);
    const name = `fenced-${isolation}`;
    await server.deploy(name, 'nodejs', fixture('echo', 'nodejs'), { isolation });
    const min = { 'coldframe-min-isolation': isolation };
    expect((await server.invoke(name, 1, min)).status).toBe(200);
    const stronger = ISOLATION_RANK[ISOLATION_RANK.indexOf(isolation) + 1] ?? 'firecracker';
    const refused = await server.invoke<{ code: string }>(name, 1, { 'coldframe-min-isolation': stronger });
    expect([refused.status, refused.body.code]).toEqual([409, 'isolation_below_minimum']);
  });

  it('in-sandbox concurrency keeps each call’s output its own and says that figures are shared', async (context) => {
    await requireIsolation(server, isolation, context);
    const name = `concurrent-${isolation}`;
    await server.deploy(name, 'nodejs', fixture('prints-concurrently', 'nodejs'), {
      isolation,
      concurrencyPerSandbox: 8,
      maxConcurrency: 8,
    });
    await server.invoke(name, { name: 'first' });
    const names = ['a', 'b', 'c', 'd'];
    const replies = await Promise.all(names.map((one) => server.invoke(name, { name: one })));
    const records = await Promise.all(
      replies.map((reply) => server.record(reply.headers.get('coldframe-invocation-id') ?? '')),
    );
    expect(replies.map((reply) => reply.body)).toEqual(names);
    expect(new Set(records.map((record) => record.attempts[0]?.sandboxId)).size).toBe(1);
    for (const [at, record] of records.entries()) {
      const texts = record.attempts[0]?.logs.map((line) => line.text);
      expect(texts).toEqual([0, 1, 2].map((n) => `${names[at]} ${n}`));
    }
    expect(records.some((record) => record.attempts[0]?.usage.shared)).toBe(true);
  });
});

/** The parts never claim more than the whole, and the whole never more than the caller waited. */
function expectPhasesToFit(phases: Phases, clientMs: number): void {
  const { totalMs, ...parts } = phases;
  const sumMs = Object.values(parts).reduce<number>((sum, part) => sum + (part ?? 0), 0);
  expect(sumMs).toBeLessThanOrEqual(totalMs);
  expect(totalMs).toBeLessThanOrEqual(clientMs);
  expect(phases.handlerMs).toBeGreaterThan(0);
  for (const part of Object.values(parts)) expect(part ?? 0).toBeGreaterThanOrEqual(0);
}
