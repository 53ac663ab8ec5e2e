import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixture } from '../support/fixture.ts';
import { hostTraces, NO_TRACES } from '../support/host-traces.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';
import { DockerProxy } from './docker-proxy.ts';

/** Enough that some need a sandbox that is not ready yet. */
const CALLERS = 6;
const QUEUE_TIMEOUT_MS = 3_000;
/** A caller hears of it within its own waiting time, or that of an isolation being prepared. */
const TOLD_WITHIN_MS = 15_000;
const NOTICED_WITHIN_MS = 60_000;
const RECOVERED_WITHIN_MS = 60_000;
/** What a caller may be told while Docker is away; 429 is a queue that timed out. */
const TOLD = ['503 isolation_unavailable', '503 sandbox_start_failed', '503 isolation_preparing', '429 throttled'];

let proxy: DockerProxy;
let server: TestServer;

beforeEach(async () => {
  proxy = new DockerProxy();
  await proxy.run();
  server = await TestServer.start({ env: { DOCKER_HOST: proxy.dockerHost } });
}, PREPARE_TIMEOUT_MS);

afterEach(async () => {
  await proxy.run();
  await server.stop();
  await proxy.close();
});

async function seesDocker(): Promise<boolean> {
  return (await fetch(`${server.url}/readyz?isolation=docker`)).ok;
}

async function stateOfDocker(): Promise<string | undefined> {
  const { body } = await server.api<{ items: { isolation: string; state: string }[] }>('GET', '/isolation');
  return body.items.find(({ isolation }) => isolation === 'docker')?.state;
}

/**
 * Before that the server may still call usable what it has not missed, and a look that began in vain ends later. One that
 * does not answer may be busy, so it is doubted and not given up.
 */
function untilDockerIsMissed(how: 'is cut' | 'hangs'): Promise<void> {
  const isMissed = how === 'hangs' ? async () => (await stateOfDocker()) === 'busy' : async () => !(await seesDocker());
  return server.until('the loss of Docker to be noticed', isMissed, NOTICED_WITHIN_MS);
}

function untilDockerIsBack(): Promise<void> {
  const isBack = async () => (await seesDocker()) && (await stateOfDocker()) === 'usable';
  return server.until('Docker to be found again', isBack, RECOVERED_WITHIN_MS);
}

describe.each([
  { how: 'is cut', lose: () => proxy.cut() },
  { how: 'hangs', lose: () => Promise.resolve(proxy.hang()) },
] as const)('a Docker daemon that $how', ({ how, lose }) => {
  it('takes only new containers away: warm ones and other isolations serve on, and it is found again', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, 'docker', context);
    const { instance } = (await server.api<{ instance: string }>('GET', '/platform')).body;
    await server.deploy('warm', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'docker' });
    await server.deploy('beside', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'process' });
    await server.deploy('crowd', 'nodejs', fixture('slow', 'nodejs'), {
      isolation: 'docker',
      queueTimeoutMs: QUEUE_TIMEOUT_MS,
      timeoutMs: 10_000,
    });
    for (const name of ['warm', 'beside']) expect((await server.invoke(name, { name: 'Ada' })).status).toBe(200);

    await lose();
    const answers = await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        const sentAtMs = performance.now();
        const reply = await server.invoke<{ code?: string }>('crowd', { ms: 4_000 });
        return { status: reply.status, told: `${reply.status} ${reply.body.code}`, ms: performance.now() - sentAtMs };
      }),
    );
    const refused = answers.filter((one) => one.status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { told, ms } of refused) {
      expect(TOLD).toContain(told);
      expect(ms).toBeLessThan(TOLD_WITHIN_MS);
    }
    const warm = await server.invoke('warm', { name: 'Ada' });
    expect([warm.status, warm.headers.get('coldframe-start')]).toEqual([200, 'warm']);
    expect((await server.invoke('beside', { name: 'Ada' })).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);

    await untilDockerIsMissed(how);
    await proxy.run();
    await untilDockerIsBack();
    const again = await server.invoke<{ code?: string; message?: string }>('crowd', { ms: 1 });
    expect([again.status, again.body.code, again.body.message]).toEqual([200, undefined, undefined]);
    await server.deploy('after', 'python', fixture('hello', 'python'), { isolation: 'docker' });
    expect((await server.invoke('after', { name: 'Ada' })).status).toBe(200);
    expect(server.hasEnded).toBe(false);
    await server.stop();
    expect(await hostTraces(instance)).toEqual(NO_TRACES);
  });
});

it('a server that starts without its Docker serves what is usable, and Docker once it comes', {
  timeout: PREPARE_TIMEOUT_MS,
}, async (context) => {
  await requireIsolation(server, 'docker', context);
  await server.stop();
  await proxy.cut();
  server = await TestServer.start({ env: { DOCKER_HOST: proxy.dockerHost } });
  await server.deploy('beside', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'process' });
  expect((await server.invoke('beside', { name: 'Ada' })).status).toBe(200);
  const refused = await server.api('POST', '/functions', {
    name: 'docked',
    runtime: 'nodejs',
    isolation: 'docker',
    code: { source: fixture('hello', 'nodejs') },
  });
  expect([refused.status, refused.body.code]).toEqual([422, 'isolation_not_usable']);
  expect((await server.api('GET', '/functions/docked')).status).toBe(404);
  await proxy.run();
  await untilDockerIsBack();
  await server.deploy('docked', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'docker' });
  expect((await server.invoke('docked', { name: 'Ada' })).status).toBe(200);
});
