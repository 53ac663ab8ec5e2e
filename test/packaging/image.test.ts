import { execFileSync, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, TestServer } from '../support/test-server.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TAG = `coldframe-test:${process.pid}`;
const CONTAINER = `coldframe-image-test-${process.pid}`;
const PORT = 8080;
const BUILD_TIMEOUT_MS = 300_000;
const READY_TIMEOUT_MS = 60_000;
/** Docker kills after this; the server has to be gone before. */
const STOP_GRACE_S = 20;
const hasDocker = docker('version', '--format', '{{.Server.Version}}').code === 0;

describe.skipIf(!hasDocker)('the server image (needs docker)', () => {
  let url = '';

  beforeAll(async () => {
    const base = await baseImage();
    execFileSync(process.execPath, [join(ROOT, 'scripts/build-image.ts'), '--base', base, '--tag', TAG], {
      stdio: 'ignore',
    });
    const limits = ['--read-only', '--tmpfs', '/tmp:exec', '--memory', '1g', '--pids-limit', '512'];
    const env = ['-e', `PORT=${PORT}`, '-e', `COLDFRAME_ADMIN_KEY=${ADMIN_KEY}`];
    const run = docker('run', '-d', '--name', CONTAINER, ...limits, ...env, '-p', `127.0.0.1::${PORT}`, TAG);
    expect(run.code, run.text).toBe(0);
    url = `http://${docker('port', CONTAINER, `${PORT}/tcp`).text.trim().split('\n')[0]}`;
    await until('the server in the image is ready', async () => {
      const reply = await fetch(`${url}/readyz`).catch(() => null);
      return reply?.ok === true;
    });
  }, BUILD_TIMEOUT_MS);

  afterAll(() => {
    docker('rm', '-f', '-v', CONTAINER);
    docker('rmi', '-f', TAG);
  });

  it('runs as a user without privileges on a file system it cannot write', () => {
    expect(docker('exec', CONTAINER, 'id', '-u').text.trim()).not.toBe('0');
    expect(docker('exec', CONTAINER, 'sh', '-c', 'echo x > /opt/coldframe/x').code).not.toBe(0);
  });

  it.each([
    ['nodejs24', 'export const handler = async (event, context) => ({ hello: event.name, id: context.awsRequestId });'],
    ['python', 'def handler(event, context):\n    return {"hello": event["name"], "id": context.aws_request_id}\n'],
  ])(
    'a %s function answers under process isolation, and its receipt says that it has no fence',
    async (runtime, source) => {
      const name = `hello-${runtime}`;
      const created = await api('POST', '/functions', { name, runtime, code: { source }, isolation: 'process' });
      expect(created.status, JSON.stringify(created.body)).toBe(201);
      const reply = await api('POST', `/functions/${name}/invoke`, { name: 'Ada' });
      expect(reply.body).toMatchObject({ hello: 'Ada' });
      expect(reply.headers.get('coldframe-isolation')).toBe('process');
      const id = String(reply.headers.get('coldframe-invocation-id'));
      let record: Record<string, unknown> = {};
      await until('the record', async () => {
        record = (await api('GET', `/invocations/${id}`)).body;
        return record.state === 'finished';
      });
      expect(record.attempts).toMatchObject([{ outcome: 'ok', receipt: { isolation: 'process', fence: 'none' } }]);
    },
  );

  it('has the console built in', async () => {
    const script = /src="(\/console\/index-[^"]+)"/.exec(await (await fetch(url)).text())?.[1];
    expect((await fetch(`${url}${script}`)).status).toBe(200);
  });

  it('`auto` asks first, because nothing fences process isolation in it', async () => {
    const { status, body } = await api('POST', '/functions', {
      name: 'auto',
      runtime: 'nodejs24',
      code: { source: 'export const handler = async () => 1;' },
    });
    expect([status, body.code]).toEqual([422, 'isolation_unfenced']);
    expect(body.detail).toContain('Choose isolation `process`');
  });

  it('SIGTERM ends it within its grace with code 0', () => {
    const fromMs = performance.now();
    expect(docker('stop', '-t', String(STOP_GRACE_S), CONTAINER).code).toBe(0);
    expect(performance.now() - fromMs).toBeLessThan(STOP_GRACE_S * 1000);
    expect(docker('inspect', '-f', '{{.State.ExitCode}} {{.State.OOMKilled}}', CONTAINER).text.trim()).toBe('0 false');
  });

  async function api(method: string, path: string, body?: unknown) {
    const reply = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
    return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Record<string, unknown> };
  }
});

/** The base that the server itself bootstraps for its runtime images; it is made here where it is not there yet. */
async function baseImage(): Promise<string> {
  const find = () => docker('images', '-q', '--filter', 'reference=coldframe/base').text.trim().split('\n')[0] ?? '';
  if (find() === '') {
    const server = await TestServer.start({ isolation: 'docker' });
    await server.stop();
  }
  return find();
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const endAtMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > endAtMs) throw new Error(`${what}: not in time\n${docker('logs', CONTAINER).text}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

function docker(...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8', timeout: READY_TIMEOUT_MS });
  return { code: status, text: `${stdout ?? ''}${status === 0 ? '' : (stderr ?? '')}` };
}
