import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
});
afterAll(() => server.stop());

describe('try', () => {
  it.each(FIXTURE_LANGUAGES)('runs %s drafts, deploys nothing, and shows the author’s own line', async (language) => {
    const name = `tried-${language}`;
    await server.deploy(name, language, fixture('echo', language));
    const before = await server.api('GET', `/functions/${name}`);
    const ok = await server.api<Tried>('POST', `/functions/${name}/try`, {
      code: { source: fixture('env', language) },
      settings: { env: { STAGE: 'draft' } },
      event: { name: 'STAGE' },
    });
    expect([ok.status, ok.body.result]).toEqual([200, 'draft']);
    expect(ok.body.invocation).toMatchObject({ trigger: 'try', outcome: 'ok', attempts: [{ startReason: 'try' }] });
    const failed = await server.api<Tried>('POST', `/functions/${name}/try`, {
      code: { source: fixture('throws', language) },
    });
    expect([failed.status, failed.body.result]).toEqual([200, null]);
    const [attempt] = failed.body.invocation.attempts;
    const line = language === 'nodejs' ? 7 : 11;
    expect(attempt?.error).toMatchObject({ errorType: 'OrderError', errorMessage: 'it broke' });
    expect(attempt?.error?.stackTrace.join('\n')).toMatch(new RegExp(`index\\.(js:${line}|py", line ${line})`));
    const broken = await server.api('POST', `/functions/${name}/try`, {
      code: { source: fixture('syntax-error', language) },
    });
    expect([broken.status, broken.body.code]).toEqual([422, 'syntax_error']);
    const after = await server.api('GET', `/functions/${name}`);
    expect([after.text, (await server.invoke(name, 7)).body]).toEqual([before.text, 7]);
    expect(await server.record(ok.body.invocation.id)).toMatchObject({ trigger: 'try' });
  });
});

describe('try before there is a function', () => {
  it('runs code with a runtime, records it, and leaves no function behind', async () => {
    const body = { code: { source: 'export const handler = async (event) => event.n + 1;' }, event: { n: 1 } };
    const tried = await server.api<Tried>('POST', '/functions/not-yet/try', {
      ...body,
      settings: { runtime: 'nodejs' },
    });
    expect([tried.status, tried.body.result]).toEqual([200, 2]);
    expect(tried.body.invocation.attempts[0]).toMatchObject({
      start: expect.stringMatching(/claimed|cold/),
      startReason: 'try',
      phases: { queueMs: expect.any(Number), handlerMs: expect.any(Number), totalMs: expect.any(Number) },
      receipt: { isolation: 'process', codeSha256: expect.any(String) },
    });
    expect((await server.api('GET', '/functions/not-yet')).status).toBe(404);
    const bare = await server.api('POST', '/functions/not-yet/try', body);
    expect([bare.status, bare.body.code]).toEqual([404, 'function_not_found']);
    const misnamed = await server.api('POST', '/functions/-x/try', { ...body, settings: { runtime: 'nodejs' } });
    expect([misnamed.status, misnamed.body.code]).toEqual([400, 'invalid_request']);
  });

  it.each(FIXTURE_LANGUAGES)('a %s streaming handler’s text is shown as text', async (language) => {
    const tried = await server.api<Tried>('POST', '/functions/streamer/try', {
      code: { source: fixture('streams-generator', language) },
      settings: { runtime: language, timeoutMs: 30_000 },
      event: { pieces: 2 },
    });
    expect(tried.body).toMatchObject({ result: null, resultText: 'piece 0\npiece 1\n' });
  });
});

describe('replay and cancel', () => {
  it('a captured event runs again as the function is now; one that was not kept cannot', async () => {
    await server.deploy('replayed', 'nodejs', fixture('echo', 'nodejs'), { capture: 'all' });
    const first = await server.invoke('replayed', { n: 1 });
    const id = first.headers.get('coldframe-invocation-id') ?? '';
    expect(await server.record(id)).toMatchObject({ event: '{"n":1}', result: '{"n":1}' });
    await server.api('PUT', '/functions/replayed/code', {
      source: 'export const handler = async (event) => event.n + 1;',
    });
    const replay = await server.api<Tried>('POST', `/invocations/${id}/replay`);
    expect([replay.status, replay.body.result, replay.body.invocation.trigger]).toEqual([200, 2, 'replay']);
    await server.api('PATCH', '/functions/replayed', { capture: 'none' });
    const unkept = (await server.invoke('replayed', { n: 1 })).headers.get('coldframe-invocation-id') ?? '';
    await server.record(unkept);
    const refused = await server.api('POST', `/invocations/${unkept}/replay`);
    expect([refused.status, refused.body.code]).toEqual([409, 'event_not_captured']);
  });

  it('authorization and cookies of a captured HTTP event are redacted', async () => {
    await server.deploy('redacted', 'nodejs', fixture('echo', 'nodejs'), { capture: 'all', url: { auth: 'none' } });
    const reply = await fetch(`${server.functionUrl}/fn/redacted`, {
      headers: { authorization: 'Bearer private-1', cookie: 'session=private-2' },
    });
    const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
    expect(record.event).toContain('rawPath');
    expect(record.event).not.toContain('private-');
  });

  it('cancel tells the handler, which may still answer, and kills one that does not listen; a finished call cannot be cancelled', async () => {
    for (const [name, source, status, code] of [
      ['listens', fixture('waits-for-cancel', 'nodejs'), 200, null],
      ['deaf', fixture('spins', 'nodejs'), 499, 'invocation_cancelled'],
    ] as const) {
      await server.deploy(name, 'nodejs', source, { timeoutMs: 30_000 });
      const calling = server.invoke<{ code?: string }>(name, { ms: 30_000 });
      let id = '';
      await server.until(
        `${name} to run`,
        async () => {
          id = await runningCallOf(name);
          return id !== '' && (await isBusy(name));
        },
        60_000,
      );
      expect((await server.api('POST', `/invocations/${id}/cancel`)).status).toBe(202);
      const reply = await calling;
      expect([name, reply.status, reply.body.code ?? null]).toEqual([name, status, code]);
      expect(await server.record(id)).toMatchObject({ outcome: status === 200 ? 'ok' : 'cancelled' });
      const again = await server.api('POST', `/invocations/${id}/cancel`);
      expect([again.status, again.body.code]).toEqual([409, 'invocation_finished']);
    }
    const absent = await server.api('POST', '/invocations/01990000-0000-7000-8000-000000000000/cancel');
    expect([absent.status, absent.body.code]).toEqual([404, 'invocation_not_found']);
  });
});

describe('test events', () => {
  it('are kept byte for byte, replaced, listed and deleted', async () => {
    await server.deploy('evented', 'nodejs', fixture('echo', 'nodejs'));
    const path = '/functions/evented/test-events';
    const text = '{ "__proto__": {"x": 1}, "n": 1.0 }';
    expect((await server.api('PUT', `${path}/first`, text)).status).toBe(201);
    expect((await server.api('PUT', `${path}/first`, text)).status).toBe(200);
    expect((await server.api('GET', `${path}/first`)).text).toContain(text);
    expect((await server.api<{ items: { name: string }[] }>('GET', path)).body.items).toMatchObject([
      { name: 'first' },
    ]);
    const wrong = await server.api('PUT', `${path}/second`, '{oops');
    expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid_json']);
    expect((await server.api('DELETE', `${path}/first`)).status).toBe(204);
    expect((await server.api('GET', `${path}/first`)).body.code).toBe('test_event_not_found');
  });
});

interface Tried {
  result: unknown;
  invocation: {
    id: string;
    trigger: string;
    attempts: { error: { stackTrace: string[] } | null }[];
  };
}

async function isBusy(name: string): Promise<boolean> {
  const { body } = await server.api<{ sandboxes: { functionName: string; inFlight: number }[] }>('GET', '/pool');
  return body.sandboxes.some((one) => one.functionName === name && one.inFlight > 0);
}

async function runningCallOf(name: string): Promise<string> {
  const { body } = await server.api<{ items: { id: string }[] }>('GET', `/invocations?function=${name}&state=running`);
  return body.items[0]?.id ?? '';
}
