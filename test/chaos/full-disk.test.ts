import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixture } from '../support/fixture.ts';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';
import { SmallDisk } from './small-disk.ts';

const DISK_MIB = 64;
/** The server looks at its disk every 5 s. */
const NOTICED_WITHIN_MS = 15_000;
const CALLS = 50;
/** What a call may be told while nothing can be stored. */
const REFUSALS = ['storage_full', 'records_backlog'];

describe.skipIf(process.getuid?.() !== 0)('a full disk (needs root, for a small file system)', () => {
  let disk: SmallDisk;
  let server: TestServer;

  beforeEach(async () => {
    disk = new SmallDisk(DISK_MIB);
    server = await TestServer.start({ dataDir: disk.path, env: { COLDFRAME_ISOLATION: 'process' } });
    await server.deploy('hello', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'process' });
    expect((await server.invoke('hello', { name: 'Ada' })).status).toBe(200);
  }, PREPARE_TIMEOUT_MS);

  afterEach(async () => {
    await server.stop();
    disk.remove();
  });

  function create(name: string) {
    const source = `${fixture('hello', 'nodejs')}\n// ${name} ${'x'.repeat(200_000)}`;
    return server.api('POST', '/functions', { name, runtime: 'nodejs', isolation: 'process', code: { source } });
  }

  async function functionNames(): Promise<string[]> {
    const { body } = await server.api<{ items: { name: string }[] }>('GET', '/functions');
    return body.items.map((one) => one.name).sort();
  }

  it('refuses deploys with storage_full, at once and after it noticed, and half-creates nothing', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async () => {
    const packages = (): string[] => readdirSync(join(disk.path, 'packages'), { recursive: true }).map(String).sort();
    const before = packages();
    disk.fill();
    for (const name of ['first', 'second']) {
      const reply = await create(name);
      expect([reply.status, reply.body.code]).toEqual([503, 'storage_full']);
    }
    expect(await functionNames()).toEqual(['hello']);
    expect(packages()).toEqual(before);
    expect((await server.api('GET', '/functions/first')).status).toBe(404);
    await server.until(
      'the disk to be noticed',
      async () => (await server.api('PATCH', '/functions/hello', { description: 'x' })).body.code === 'storage_full',
      NOTICED_WITHIN_MS,
    );
    expect((await server.api('GET', '/functions/hello')).body.description).not.toBe('x');

    disk.free();
    await server.until('room to be noticed', async () => (await create('third')).status === 201, NOTICED_WITHIN_MS);
    expect(await functionNames()).toEqual(['hello', 'third']);
    expect((await server.invoke('third', { name: 'Ada' })).status).toBe(200);
  });

  it('goes on answering calls, or says why not, and records again once there is room', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async () => {
    disk.fill();
    const codes: unknown[] = [];
    for (let n = 0; n < CALLS; n++) {
      const reply = await server.invoke<{ code?: string }>('hello', { name: 'Ada' });
      if (reply.status !== 200) codes.push(reply.body.code);
    }
    for (const code of codes) expect(REFUSALS).toContain(code);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(server.hasEnded).toBe(false);

    disk.free();
    await server.until(
      'calls to be recorded again',
      async () => {
        const reply = await server.invoke('hello', { name: 'Ada' });
        const id = reply.headers.get('coldframe-invocation-id');
        return reply.status === 200 && (await server.api('GET', `/invocations/${id}`)).status === 200;
      },
      NOTICED_WITHIN_MS,
    );
  });

  it('a server that starts on a full disk says so or serves what it has; after a restart with room all is there', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async () => {
    await server.stop();
    disk.fill(64 * 1024);
    const started = await TestServer.start({ dataDir: disk.path, env: { COLDFRAME_ISOLATION: 'process' } }).catch(
      (error: Error) => error,
    );
    if (started instanceof TestServer) {
      expect(await create('refused')).toMatchObject({ status: 503 });
      await started.stop();
    } else expect(started.message).toMatch(/disk|full|space/i);
    disk.free();
    server = await TestServer.start({ dataDir: disk.path, env: { COLDFRAME_ISOLATION: 'process' } });
    expect(await functionNames()).toEqual(['hello']);
    expect((await server.invoke('hello', { name: 'Ada' })).status).toBe(200);
  });
});
