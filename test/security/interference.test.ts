import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostLag } from '../../src/sandbox/conformance/host-lag.ts';
import { isEnforced, PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { SteadyCaller } from '../support/steady-caller.ts';
import { type ApiReply, TestServer } from '../support/test-server.ts';

const SPINNERS_PER_CORE = 4;
/** I1's own number. */
const LATE_MAX_MS = 100;
const NEIGHBOUR_CALLS_MIN = 20;
/** The first spinner's: a neighbour that took as long would have waited for one to end. */
const SPINNER_TIMEOUT_MIN_MS = 1_500;
const BUSY = `
export const handler = async ({ spinMs = 0, sleepMs = 0 }) => {
  await new Promise((resolve) => setTimeout(resolve, sleepMs));
  for (const endAtMs = performance.now() + spinMs; performance.now() < endAtMs; );
  return 'done';
};`;
/** Python, so that the limit meets the function and not the runtime's own threads. */
const GREEDY = `
import os, time

def handler(event, context):
    kept = []
    try:
        while True:
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            kept.append(pid)
    except OSError as error:
        return {'forks': len(kept), 'error': os.strerror(error.errno)}
    finally:
        for pid in kept:
            os.kill(pid, 9)
`;
const HOARDS = `
def handler(event, context):
    kept = bytearray(event['mib'] * 1024 * 1024)
    for at in range(0, len(kept), 4096):
        kept[at] = 1
    return len(kept) // (1024 * 1024)
`;
const WRITES = `
import errno, tempfile

def handler(event, context):
    written = 0
    with tempfile.TemporaryFile(buffering=0) as file:
        try:
            while written < event['mib']:
                file.write(b'x' * 1024 * 1024)
                written += 1
        except OSError as error:
            return {'written': written, 'error': errno.errorcode[error.errno]}
    return {'written': written, 'error': None}
`;

interface Attempt {
  phases: { queueMs: number; claimMs: number | null; loadMs: number | null; importMs: number | null; totalMs: number };
  usage: { cpuMs: number | null };
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

async function attemptOf(reply: ApiReply<unknown>): Promise<Attempt> {
  const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
  return record.attempts[0] as unknown as Attempt;
}

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  it('I1, I6: with 4 spinners per core, neighbours are answered and every timeout is told within 100 ms', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, isolation, context);
    if (!(await isEnforced(server, isolation, 'cpu')))
      return context.skip('needs cgroups: CPU shares are unenforced here');
    const count = SPINNERS_PER_CORE * availableParallelism();
    const spinners = Array.from({ length: count }, (_, n) => ({
      name: `spinner-${isolation}-${n}`,
      timeoutMs: SPINNER_TIMEOUT_MIN_MS + 100 * n,
    }));
    const neighbour = `neighbour-${isolation}`;
    await server.deploy(neighbour, 'nodejs', BUSY, { isolation });
    for (const { name, timeoutMs } of spinners) await server.deploy(name, 'nodejs', BUSY, { isolation, timeoutMs });
    for (const { name } of [...spinners, { name: neighbour }]) expect((await server.invoke(name)).status).toBe(200);

    const hostLag = new HostLag();
    const steady = new SteadyCaller(server, neighbour);
    const replies = await Promise.all(spinners.map(({ name }) => server.invoke(name, { spinMs: 60_000 })));
    const { statuses, slowestMs, transportErrors } = await steady.stop();
    const hostLagMs = hostLag.stop();

    expect(replies.map((one) => one.status)).toEqual(Array(count).fill(504));
    for (const [n, reply] of replies.entries()) {
      const { phases } = await attemptOf(reply);
      const before = phases.queueMs + (phases.claimMs ?? 0) + (phases.loadMs ?? 0);
      const lateMs = phases.totalMs - before - (spinners[n]?.timeoutMs ?? 0);
      expect(lateMs).toBeGreaterThanOrEqual(-5);
      expect(lateMs).toBeLessThanOrEqual(LATE_MAX_MS + hostLagMs);
    }
    expect(transportErrors).toEqual([]);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(statuses.length).toBeGreaterThan(NEIGHBOUR_CALLS_MIN);
    expect(slowestMs).toBeLessThan(SPINNER_TIMEOUT_MIN_MS + hostLagMs);
  });

  it('I6: a fifth of a core is a fifth of a core', { timeout: PREPARE_TIMEOUT_MS }, async (context) => {
    await requireIsolation(server, isolation, context);
    if (!(await isEnforced(server, isolation, 'cpu')))
      return context.skip('needs cgroups: CPU shares are unenforced here');
    const name = `small-share-${isolation}`;
    await server.deploy(name, 'nodejs', BUSY, { isolation, cpus: 0.2, timeoutMs: 60_000 });
    await server.invoke(name);
    const { usage, phases } = await attemptOf(await server.invoke(name, { spinMs: 1_500 }));
    // A period's quota more, for what was begun before.
    expect(usage.cpuMs).toBeLessThanOrEqual(0.2 * phases.totalMs + 100);
    expect(usage.cpuMs).toBeGreaterThan(100);
  });

  it('I6: memory beyond memoryMib is an oom for that function alone; less is not', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, isolation, context);
    if (!(await isEnforced(server, isolation, 'memory')))
      return context.skip('needs cgroups: memory is unenforced here');
    const names = [`hoards-${isolation}`, `hoards-more-${isolation}`];
    for (const name of names)
      await server.deploy(name, 'python', HOARDS, { isolation, memoryMib: 128, diskMib: 16, timeoutMs: 90_000 });
    const [modest, greedy] = await Promise.all([
      server.invoke(names[0] ?? '', { mib: 64 }),
      server.invoke(names[1] ?? '', { mib: 512 }),
    ]);
    expect([modest.status, modest.text]).toEqual([200, '64']);
    expect([greedy.status, (greedy.body as { code: string }).code]).toEqual([502, 'function_oom']);
  });

  it('I6: processes end at the limit, and the function lives to say so', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, isolation, context);
    if (!(await isEnforced(server, isolation, 'pids'))) return context.skip('needs cgroups: pids are unenforced here');
    const name = `forks-${isolation}`;
    // A process costs gVisor's kernel more memory than the host's: the limit of processes must be met first.
    await server.deploy(name, 'python', GREEDY, { isolation, timeoutMs: 90_000, memoryMib: 1_024 });
    const reply = await server.invoke<{ forks: number; error: string }>(name);
    expect([reply.status, reply.body.error]).toEqual([200, 'Resource temporarily unavailable']);
    expect(reply.body.forks).toBeGreaterThan(10);
    expect(reply.body.forks).toBeLessThanOrEqual(256);
    expect((await server.invoke(name)).status).toBe(200);
  });

  it('I6: a full disk is ENOSPC at diskMib, and the receipt says where nothing enforces it', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, isolation, context);
    const name = `writes-${isolation}`;
    await server.deploy(name, 'python', WRITES, { isolation, diskMib: 24, timeoutMs: 90_000 });
    const reply = await server.invoke<{ written: number; error: string | null }>(name, { mib: 40 });
    expect(reply.status).toBe(200);
    const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
    const receipt = record.attempts[0]?.receipt as { enforced: { disk: boolean } };
    // Process isolation has mounts of its own where the kernel lets it, and bubblewrap bounds files where the server is root.
    const mayLack = isolation === 'process' || (isolation === 'bubblewrap' && process.getuid?.() !== 0);
    if (!mayLack) expect(receipt.enforced.disk).toBe(true);
    if (!receipt.enforced.disk) return;
    expect(reply.body.error).toBe('ENOSPC');
    expect(reply.body.written).toBeLessThanOrEqual(24);
    expect(reply.body.written).toBeGreaterThan(16);
  });
});
