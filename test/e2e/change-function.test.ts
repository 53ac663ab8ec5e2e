import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { TestServer } from '../support/test-server.ts';

const SAYS = {
  nodejs: (what: string) => `export const handler = async () => '${what}';`,
  python: (what: string) => `def handler(event, context):\n    return '${what}'\n`,
};

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'bubblewrap,process' } });
});
afterAll(() => server.stop());

describe('changing code', () => {
  it.each(FIXTURE_LANGUAGES)('I3: once a change is answered, the old %s code never answers again', async (language) => {
    const name = `changes-${language}`;
    await server.deploy(name, language, SAYS[language]('old'), { minWarm: 2 });
    expect((await server.invoke(name)).body).toBe('old');
    const before = await server.api('GET', `/functions/${name}`);
    const late: Promise<unknown>[] = [];
    const put = await server.api('PUT', `/functions/${name}/code`, { source: SAYS[language]('new') });
    for (let n = 0; n < 20; n++) late.push(server.invoke(name).then((reply) => reply.body));
    expect(put.status).toBe(200);
    expect(put.body.codeSha256).not.toBe(before.body.codeSha256);
    expect((put.body.revision as { number: number }).number).toBe(2);
    expect(put.headers.get('etag')).not.toBe(before.headers.get('etag'));
    expect(new Set(await Promise.all(late))).toEqual(new Set(['new']));
    const code = await server.api('GET', `/functions/${name}/code`);
    expect(Object.values(code.body.files as object)).toEqual([SAYS[language]('new')]);
  });

  it('I9: a change and a deletion let the call in flight finish with its own code', async () => {
    await server.deploy('in-flight', 'nodejs', fixture('slow', 'nodejs'));
    const running = server.invoke('in-flight', { ms: 700 });
    await untilBusy('in-flight');
    expect((await server.api('PUT', '/functions/in-flight/code', { source: SAYS.nodejs('new') })).status).toBe(200);
    expect((await server.invoke('in-flight')).body).toBe('new');
    expect((await server.api('DELETE', '/functions/in-flight')).status).toBe(204);
    expect((await running).body).toEqual({ sleptMs: 700 });
  });

  it('a deleted function is 404 everywhere, and its name makes a new function', async () => {
    await server.deploy('deleted', 'python', SAYS.python('first'));
    const first = await server.api('GET', '/functions/deleted');
    expect((await server.api('DELETE', '/functions/deleted')).status).toBe(204);
    for (const [method, path, body] of [
      ['GET', '/functions/deleted', undefined],
      ['GET', '/functions/deleted/code', undefined],
      ['POST', '/functions/deleted/invoke', {}],
      ['DELETE', '/functions/deleted', undefined],
      ['PATCH', '/functions/deleted', {}],
    ] as const) {
      const reply = await server.api(method, path, body);
      expect([method, path, reply.status, reply.body.code]).toEqual([method, path, 404, 'function_not_found']);
    }
    await server.deploy('deleted', 'python', SAYS.python('second'));
    const second = await server.api('GET', '/functions/deleted');
    expect(second.body.id).not.toBe(first.body.id);
    expect(second.body.url).not.toBe(first.body.url);
    expect((await server.invoke('deleted')).body).toBe('second');
  });

  it('a folder of files is put, read back and loaded by path', async () => {
    const files = {
      'lib/words.mjs': "export const word = 'from lib';",
      'app.mjs': "import { word } from './lib/words.mjs';\nexport const go = async () => word;",
    };
    const created = await server.api('POST', '/functions', {
      name: 'folder',
      runtime: 'nodejs',
      handler: 'app.go',
      code: { files },
    });
    expect(created.status).toBe(201);
    expect((await server.invoke('folder')).body).toBe('from lib');
    expect((await server.api('GET', '/functions/folder/code')).body.files).toEqual(files);
  });
});

describe('changing settings', () => {
  it('If-Match refuses a change made on an old reading, and takes one on the newest', async () => {
    await server.deploy('matched', 'nodejs', SAYS.nodejs('x'));
    const etag = (await server.api('GET', '/functions/matched')).headers.get('etag') ?? '';
    const first = await server.api('PATCH', '/functions/matched', { timeoutMs: 4_000 }, { 'if-match': etag });
    expect(first.status).toBe(200);
    for (const [method, path, body] of [
      ['PATCH', '', { timeoutMs: 5_000 }],
      ['PUT', '/code', { source: SAYS.nodejs('y') }],
      ['DELETE', '', undefined],
    ] as const) {
      const stale = await server.api(method, `/functions/matched${path}`, body, { 'if-match': etag });
      expect([method, stale.status, stale.body.code]).toEqual([method, 412, 'function_changed']);
    }
    expect((await server.api('GET', '/functions/matched')).body.timeoutMs).toBe(4_000);
    const fresh = first.headers.get('etag') ?? '';
    expect((await server.api('DELETE', '/functions/matched', undefined, { 'if-match': fresh })).status).toBe(204);
  });

  it('of two changes on one reading exactly one wins', async () => {
    await server.deploy('raced', 'nodejs', SAYS.nodejs('x'));
    const etag = (await server.api('GET', '/functions/raced')).headers.get('etag') ?? '';
    const patches = [1_000, 2_000, 3_000, 4_000].map((timeoutMs) =>
      server.api('PATCH', '/functions/raced', { timeoutMs }, { 'if-match': etag }),
    );
    const statuses = (await Promise.all(patches)).map((reply) => reply.status).sort();
    expect(statuses).toEqual([200, 412, 412, 412]);
  });

  it('PATCH merges: given fields change, null sets back, env merges by key, the rest stays', async () => {
    await server.deploy('patched', 'python', fixture('env', 'python'), {
      timeoutMs: 5_000,
      description: 'kept',
      env: { STAGE: 'dev', GONE: 'x', TOKEN: { secret: 'hush' } },
      tags: { team: 'a', old: 'b' },
    });
    expect(await values('patched')).toEqual({ STAGE: 'dev', GONE: 'x', TOKEN: 'hush' });
    const patch = { timeoutMs: null, memoryMib: 192, env: { STAGE: 'prod', GONE: null }, tags: { old: null } };
    const patched = await server.api('PATCH', '/functions/patched', patch);
    expect(patched.status).toBe(200);
    expect(patched.body).toMatchObject({ timeoutMs: 3_000, memoryMib: 192, description: 'kept', tags: { team: 'a' } });
    expect(patched.body.env).toEqual({ STAGE: 'prod', TOKEN: { secret: true } });
    expect(patched.body.tags).toEqual({ team: 'a' });
    expect(await values('patched')).toEqual({ STAGE: 'prod', GONE: null, TOKEN: 'hush' });
    const kept = await server.api('PATCH', '/functions/patched', { env: { TOKEN: { secret: true } } });
    expect([kept.status, (await values('patched')).TOKEN]).toEqual([200, 'hush']);
    await server.api('PATCH', '/functions/patched', { env: { TOKEN: { secret: 'new' } } });
    expect((await values('patched')).TOKEN).toBe('new');
  });

  it('a secret never leaves again: not by the API, not in the databases, not in the log', async () => {
    const secret = 'very-secret-5f2a9c';
    await server.deploy('secretive', 'nodejs', fixture('env', 'nodejs'), { env: { TOKEN: { secret } } });
    expect((await server.invoke('secretive', { name: 'TOKEN' })).body).toBe(secret);
    for (const path of ['/functions/secretive', '/functions', '/functions/secretive/code', '/pool', '/platform'])
      expect((await server.api('GET', path)).text).not.toContain(secret);
    const { readdirSync, readFileSync, statSync } = await import('node:fs');
    for (const entry of readdirSync(server.dataDir, { recursive: true }) as string[]) {
      const path = `${server.dataDir}/${entry}`;
      if (statSync(path).isFile()) expect(readFileSync(path).includes(secret), entry).toBe(false);
    }
    expect(server.output).not.toContain(secret);
  });

  it('functions list in pages, by name', async () => {
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { body: { items: { name: string }[]; nextCursor: string | null } } = await server.api(
        'GET',
        `/functions?limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      names.push(...page.body.items.map((one) => one.name));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['folder', 'patched', 'secretive', 'deleted']));
  });
});

async function values(name: string): Promise<Record<string, unknown>> {
  const read = (variable: string) => server.invoke(name, { name: variable }).then((reply) => [variable, reply.body]);
  return Object.fromEntries(await Promise.all(['STAGE', 'GONE', 'TOKEN'].map(read)));
}

async function untilBusy(name: string): Promise<void> {
  await server.until(`${name} to be busy`, async () => {
    const { body } = await server.api<{ sandboxes: { functionName: string; inFlight: number }[] }>('GET', '/pool');
    return body.sandboxes.some((one) => one.functionName === name && one.inFlight > 0);
  });
}
