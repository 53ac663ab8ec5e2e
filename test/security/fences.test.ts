import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../support/fixture.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';
import { SNOOP } from './snoop.ts';

const FENCED = TESTED_ISOLATIONS.filter((one) => one !== 'process');
const IS_ROOT = process.getuid?.() === 0;
/** What only the neighbour holds: in its code, in its environment. */
const CODE_MARKER = `code-${randomBytes(12).toString('hex')}`;
const ENV_MARKER = `env-${randomBytes(12).toString('hex')}`;
const STATE_FILES = ['admin.key', 'master.key', 'control.db', 'telemetry.db', 'server.json'];
const ERRNO = /^E[A-Z]+$/;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

/** Asks the snoop of that isolation. */
async function snoop<T = Record<string, string>>(isolation: string, event: unknown): Promise<T> {
  const name = `snoop-${isolation}`;
  if ((await server.api('GET', `/functions/${name}`)).status === 404)
    await server.deploy(name, 'python', SNOOP, { isolation, timeoutMs: 120_000 });
  const reply = await server.invoke<T>(name, event);
  expect([reply.status, reply.status === 200 ? '' : reply.text]).toEqual([200, '']);
  return reply.body;
}

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  const options = { timeout: PREPARE_TIMEOUT_MS };

  it('is not root, has no capabilities and may gain none', options, async (context) => {
    await requireIsolation(server, isolation, context);
    const status = await snoop(isolation, { do: 'status' });
    if (isolation === 'process' && !IS_ROOT) return context.skip('needs root: the sandbox has the server’s own user');
    for (const id of `${status.Uid} ${status.Gid}`.split(/\s+/)) expect(Number(id)).toBeGreaterThan(0);
    // gVisor's kernel knows no ambient capabilities and lists none; any other must list them.
    const ambient = isolation === 'gvisor' ? (status.CapAmb ?? '0') : status.CapAmb;
    expect([status.CapEff, status.CapPrm, ambient].map((one) => Number.parseInt(one ?? '', 16))).toEqual([0, 0, 0]);
    if (isolation === 'process') return;
    expect(Number.parseInt(status.CapBnd ?? '', 16)).toBe(0);
    // Inside gVisor another kernel answers: the host's filter is around that kernel and not to be seen from here.
    if (isolation !== 'gvisor') expect(status).toMatchObject({ NoNewPrivs: '1', Seccomp: '2' });
  });

  it('cannot read the keys, the secrets and the databases', options, async (context) => {
    await requireIsolation(server, isolation, context);
    if (isolation === 'process' && !IS_ROOT) return context.skip('needs root: the sandbox has the server’s own user');
    const present = STATE_FILES.map((name) => join(server.dataDir, name)).filter((path) => existsSync(path));
    expect(present.length).toBeGreaterThanOrEqual(3);
    const tried = await snoop(isolation, { do: 'read', paths: [...present, `/proc/${server.pid}/environ`] });
    for (const [path, got] of Object.entries(tried)) expect([path, got]).toEqual([path, expect.stringMatching(ERRNO)]);
  });

  it('sees neither code nor environment of a neighbour that is alive', options, async (context) => {
    await requireIsolation(server, isolation, context);
    if (isolation === 'process' && !IS_ROOT) return context.skip('needs root: the sandbox has the server’s own user');
    const name = `neighbour-${isolation}`;
    await server.deploy(name, 'python', `# ${CODE_MARKER}\n${fixture('env', 'python')}`, {
      isolation,
      env: { MARKER: ENV_MARKER, HIDDEN: { secret: `secret-${ENV_MARKER}` } },
    });
    expect((await server.invoke(name, { name: 'HIDDEN' })).text).toContain(ENV_MARKER);
    const roots = [server.dataDir, '/var', '/run', tmpdir(), '/home', '/opt', '/root'];
    const code = await snoop<{ looked: number; found: string[] }>(isolation, {
      do: 'find',
      roots,
      marker: CODE_MARKER,
    });
    expect(code.looked).toBeGreaterThan(0);
    expect(code.found).toEqual([]);
    expect(await snoop(isolation, { do: 'environments', marker: ENV_MARKER })).toEqual([]);
  });

  it('may not change its own code', options, async (context) => {
    await requireIsolation(server, isolation, context);
    if (isolation === 'process' && !IS_ROOT) return context.skip('needs root: the sandbox owns what it is given');
    const task = await snoop<string>(isolation, { do: 'task' });
    if (isolation !== 'process') expect(task).toBe('/var/task');
    const paths = [join(task, 'planted'), join(task, 'index.py')];
    const tried = await snoop(isolation, { do: 'write', paths });
    for (const path of paths)
      expect([path, tried[path]]).toEqual([path, expect.stringMatching(/^(EROFS|EACCES|EPERM)$/)]);
  });

  it(
    'a generic sandbox is started without the function’s variables; they come with the claim',
    options,
    async (context) => {
      await requireIsolation(server, isolation, context);
      const name = `late-env-${isolation}`;
      const source = `${SNOOP}\n# ${isolation}`;
      await server.deploy(name, 'python', source, { isolation, env: { MARKER: ENV_MARKER } });
      const { body } = await server.invoke<{ boot: string; now: Record<string, string> }>(name, { do: 'env' });
      expect(body.now.MARKER).toBe(ENV_MARKER);
      expect(body.boot).not.toContain(ENV_MARKER);
      expect(Object.keys(body.now).filter((one) => one.startsWith('COLDFRAME_'))).toEqual([]);
    },
  );
});

describe.each(FENCED)('under %s', (isolation) => {
  it('reaches no network: not the server, not its function URLs, not the outside', async (context) => {
    await requireIsolation(server, isolation, context);
    const targets = [server.url, server.functionUrl].map((url) => ({
      host: '127.0.0.1',
      port: Number(new URL(url).port),
    }));
    for (const target of [
      ...targets,
      { host: '172.17.0.1', port: targets[0]?.port },
      { host: '169.254.169.254', port: 80 },
    ])
      expect(await snoop<string>(isolation, { do: 'connect', ...target })).toMatch(/^E[A-Z]+$/);
  });

  it('cannot write outside /tmp', async (context) => {
    await requireIsolation(server, isolation, context);
    const paths = [
      '/planted',
      '/etc/planted',
      '/usr/planted',
      '/var/planted',
      '/run/coldframe/planted',
      '/var/runtime/planted',
    ];
    const tried = await snoop(isolation, { do: 'write', paths: [...paths, '/tmp/own'] });
    for (const path of paths) expect([path, tried[path]]).toEqual([path, expect.stringMatching(ERRNO)]);
    expect(tried['/tmp/own']).toBe('written');
  });
});
