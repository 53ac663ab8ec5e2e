import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostLag } from '../../src/sandbox/conformance/host-lag.ts';
import { fixture } from '../support/fixture.ts';
import { hostTraces, NO_TRACES, pidsOf } from '../support/host-traces.ts';
import { readUntil } from '../support/read-until.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { type ApiReply, TestServer } from '../support/test-server.ts';

const GONE_WITHIN_MS = 10_000;
/** Longer than a process takes to die, or an idle one to be frozen, on a busy host. */
const DEAD_WITHIN_MS = 10_000;
const STARTED_WITHIN_MS = 10_000;
/** A killed sandbox is noticed by its broken channel, not by a timeout. */
const NOTICED_WITHIN_MS = 2_000;

interface PoolView {
  sandboxes: { id: string; functionName: string | null; inFlight: number }[];
}

let server: TestServer;
let instance: string;
beforeAll(async () => {
  server = await TestServer.start();
  instance = (await server.api<{ instance: string }>('GET', '/platform')).body.instance;
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

/** An ordinary user's server makes no cgroups. */
const hasCgroups = process.getuid?.() === 0;

async function sandboxOf(reply: ApiReply<unknown>): Promise<string> {
  const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
  return String(record.attempts[0]?.sandboxId);
}

function killAll(sandboxId: string): number[] {
  const pids = pidsOf(instance, sandboxId);
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) killOne(pid);
  return pids;
}

/** One may be gone already with another of them: a container's process 1 takes the rest along, and so does gVisor's kernel. */
function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills and waits until all have closed their files; a frozen one keeps them, its death pending until somebody thaws it. */
async function killIdle(sandboxId: string): Promise<void> {
  const pids = killAll(sandboxId);
  await readUntil(
    () => pids.filter((pid) => isAlive(pid) && !isFrozen(pid)),
    (dying) => dying.length === 0,
    DEAD_WITHIN_MS,
  );
}

/**
 * A zombie is not: it only waits for its parent. One whose other threads are still dying is: files close with the last of
 * them. A dying process leaves its cgroup before that, so the cgroup is not asked.
 */
function isAlive(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return !/^State:\t[ZX]/m.test(status) || !/^Threads:\t[01]$/m.test(status);
  } catch {
    return false;
  }
}

/** On cgroup v1; elsewhere a frozen process takes its SIGKILL at once. */
function isFrozen(pid: number): boolean {
  try {
    const path = /^\d+:freezer:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
    return readFileSync(`/sys/fs/cgroup/freezer${path}/freezer.state`, 'utf8').trim() === 'FROZEN';
  } catch {
    return false;
  }
}

async function expectGone(sandboxId: string): Promise<void> {
  const left = await readUntil(
    () => hostTraces(instance, sandboxId),
    (traces) => Object.values(traces).every((one) => one.length === 0),
    GONE_WITHIN_MS,
  );
  expect(left).toEqual(NO_TRACES);
}

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  it('a sandbox killed between calls costs no caller anything: the next call is answered by another', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    if (!hasCgroups) context.skip('needs root: a sandbox’s processes are found by its cgroup');
    await requireIsolation(server, isolation, context);
    const name = `idle-${isolation}`;
    await server.deploy(name, 'nodejs', fixture('hello', 'nodejs'), { isolation });
    const killed = await sandboxOf(await server.invoke(name, { name: 'Ada' }));
    await killIdle(killed);
    const next = await server.invoke(name, { name: 'Ada' });
    expect([next.status, next.headers.get('coldframe-start')]).toEqual([
      200,
      expect.stringMatching(/^(cold|claimed)$/),
    ]);
    expect(await sandboxOf(next)).not.toBe(killed);
    await expectGone(killed);
  });

  it('a sandbox killed again and again between calls never shows', { timeout: PREPARE_TIMEOUT_MS }, async (context) => {
    if (!hasCgroups) context.skip('needs root: a sandbox’s processes are found by its cgroup');
    await requireIsolation(server, isolation, context);
    const name = `restless-${isolation}`;
    await server.deploy(name, 'nodejs', fixture('hello', 'nodejs'), { isolation });
    const statuses: number[] = [];
    for (let round = 0; round < 5; round++) {
      const reply = await server.invoke(name, { name: 'Ada' });
      statuses.push(reply.status);
      if (reply.status !== 200) break;
      await killIdle(await sandboxOf(reply));
    }
    expect(statuses).toEqual(Array(5).fill(200));
  });

  it('a call that meets a sandbox just killed, which never read it, is answered by another', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    if (!hasCgroups) context.skip('needs root: a sandbox’s processes are found by its cgroup');
    await requireIsolation(server, isolation, context);
    const name = `dying-${isolation}`;
    await server.deploy(name, 'nodejs', fixture('hello', 'nodejs'), { isolation });
    const statuses: number[] = [];
    for (let round = 0; round < 5; round++) {
      const reply = await server.invoke(name, { name: 'Ada' });
      statuses.push(reply.status);
      if (reply.status !== 200) break;
      killAll(await sandboxOf(reply));
    }
    expect(statuses).toEqual(Array(5).fill(200));
  });

  it('a sandbox killed during a call is 502 sandbox_crashed at once, and the next call is answered', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    if (!hasCgroups) context.skip('needs root: a sandbox’s processes are found by its cgroup');
    await requireIsolation(server, isolation, context);
    const name = `busy-${isolation}`;
    await server.deploy(name, 'nodejs', fixture('slow', 'nodejs'), { isolation, timeoutMs: 60_000 });
    let isAnswered = false;
    const call = server.invoke<{ code: string }>(name, { ms: 50_000 }).finally(() => {
      isAnswered = true;
    });
    let killedAtMs = 0;
    const hostLag = new HostLag();
    let killed = '';
    await readUntil(
      async () => {
        const { sandboxes } = (await server.api<PoolView>('GET', '/pool')).body;
        const running = sandboxes.find((one) => one.functionName === name && one.inFlight === 1)?.id ?? killed;
        // One killed before it had read the call gives it to another: that one is killed too.
        if (running !== killed) {
          killedAtMs = performance.now();
          const pids = pidsOf(instance, running);
          for (const pid of pids) killOne(pid);
          // One that has just begun may not be told by its processes yet.
          if (pids.length > 0) killed = running;
        }
        return isAnswered;
      },
      (answered) => answered,
      STARTED_WITHIN_MS,
    );
    const reply = await call;
    expect([reply.status, reply.body.code]).toEqual([502, 'sandbox_crashed']);
    expect(performance.now() - killedAtMs).toBeLessThan(NOTICED_WITHIN_MS + hostLag.stop());
    expect((await server.record(reply.headers.get('coldframe-invocation-id') ?? '')).outcome).toBe('crashed');
    expect((await server.invoke(name, { ms: 1 })).status).toBe(200);
    await expectGone(killed);
  });
});
