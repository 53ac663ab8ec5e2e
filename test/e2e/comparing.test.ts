import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Comparison } from '../../src/domain/comparison.ts';
import { fixture } from '../support/fixture.ts';
import { hostTraces } from '../support/host-traces.ts';
import { readUntil } from '../support/read-until.ts';
import {
  isEnforced,
  PREPARE_TIMEOUT_MS,
  requireIsolation,
  settledState,
  TESTED_ISOLATIONS,
} from '../support/require-isolation.ts';
import { CliRun, runCli, serverEnv } from '../support/run-cli.ts';
import { SteadyCaller } from '../support/steady-caller.ts';
import { TestServer } from '../support/test-server.ts';

const options = { timeout: PREPARE_TIMEOUT_MS };
const CSV_HEAD =
  'comparison,function,runtime,isolation,state,start,calls,failed,p50Ms,p95Ms,p99Ms,cpuMs,maxMemoryMib,reason';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  await server.deploy('hello', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'process' });
  await server.deploy('slow', 'python', fixture('slow', 'python'), { isolation: 'process', timeoutMs: 60_000 });
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

async function start(name: string, body: object, at = server): Promise<string> {
  const reply = await at.api<Comparison>('POST', `/functions/${name}/comparisons`, body);
  expect([reply.status, reply.status === 202 ? '' : reply.text]).toEqual([202, '']);
  expect(reply.headers.get('location')).toBe(`/api/v1/comparisons/${reply.body.id}`);
  return reply.body.id;
}

async function ended(id: string, at = server): Promise<Comparison> {
  const read = async () => (await at.api<Comparison>('GET', `/comparisons/${id}`)).body;
  await at.until(`the end of ${id}`, async () => (await read()).state !== 'running', PREPARE_TIMEOUT_MS);
  return read();
}

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  it(
    'every kind of start is measured, live calls go on, and nothing of it stays on the host',
    options,
    async (context) => {
      await requireIsolation(server, isolation, context);
      const { instance } = (await server.api<{ instance: string }>('GET', '/platform')).body;
      const steady = new SteadyCaller(server, 'hello', { name: 'Ada' });
      const done = await ended(await start('hello', { isolations: [isolation], count: 3, event: { name: 'Eve' } }));
      const { statuses, transportErrors } = await steady.stop();
      expect([transportErrors, new Set(statuses)]).toEqual([[], new Set([200])]);

      expect(done).toMatchObject({ state: 'finished', callsDone: 9, callsTotal: 9, runtime: 'nodejs24' });
      const [one] = done.isolations;
      expect(one).toMatchObject({ isolation, state: 'done', reason: null, failure: null });
      expect(one?.starts.map(({ start, calls, failed }) => ({ start, calls, failed }))).toEqual(
        ['cold', 'claimed', 'warm'].map((start) => ({ start, calls: 3, failed: 0 })),
      );
      const [cold, claimed, warm] = (one?.starts ?? []).map(({ p50Ms }) => p50Ms ?? Number.NaN);
      // Orders of magnitude apart, whatever the host does.
      expect(warm).toBeLessThan(cold ?? 0);
      expect(claimed).toBeLessThan(cold ?? 0);
      // Where no cgroup holds the memory, it may be unmeasured: then it is null, never 0.
      const isMeasured = await isEnforced(server, isolation, 'memory');
      for (const { maxMemoryMib } of one?.starts ?? [])
        if (isMeasured || maxMemoryMib !== null) expect(maxMemoryMib).toBeGreaterThan(0);

      const pool = (await server.api<{ sandboxes: { id: string }[] }>('GET', '/pool')).body;
      const left = await readUntil(
        async () => (await hostTraces(instance)).directories.filter((path) => /\/[0-9a-f]{16}$/.test(path)),
        (slots) => slots.length <= pool.sandboxes.length + 2,
        60_000,
      );
      expect(left.length).toBeLessThanOrEqual(pool.sandboxes.length + 2);
    },
  );
});

describe('comparisons', () => {
  it('by default cover what is usable but process, and list the rest with the reason', options, async () => {
    const done = await ended(await start('hello', { count: 1 }));
    for (const { isolation, state, reason } of done.isolations) {
      const isUsable = isolation !== 'process' && (await settledState(server, isolation)).state === 'usable';
      expect([isolation, state]).toEqual([isolation, isUsable ? 'done' : 'skipped']);
      if (!isUsable) expect(reason).toEqual(expect.any(String));
    }
  });

  it('leave no invocations and no metrics behind, and are kept with their function', options, async () => {
    await server.deploy('counted', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'process' });
    const id = await start('counted', { isolations: ['process'], count: 2 });
    await ended(id);
    const records = await server.api<{ items: unknown[] }>('GET', '/invocations?function=counted');
    expect(records.body.items).toEqual([]);
    const metrics = await server.api<{ totals: { invocations: number } }>('GET', '/functions/counted/metrics');
    expect(metrics.body.totals.invocations).toBe(0);
    const listed = await server.api<{ items: Comparison[] }>('GET', '/functions/counted/comparisons');
    expect(listed.body.items.map((one) => one.id)).toEqual([id]);
    await server.api('DELETE', '/functions/counted');
    expect((await server.api('GET', `/comparisons/${id}`)).body.code).toBe('comparison_not_found');
  });

  it(
    'run one at a time; a cancel ends it while a call is under way, and what is wrong is told by its code',
    options,
    async () => {
      const id = await start('slow', { isolations: ['process'], event: { ms: 50_000 } });
      const again = await server.api('POST', '/functions/hello/comparisons', {});
      expect([again.status, again.body.code]).toEqual([409, 'comparison_running']);
      expect((await server.api('POST', `/comparisons/${id}/cancel`)).status).toBe(202);
      expect(await ended(id)).toMatchObject({ state: 'cancelled', isolations: [{ state: 'stopped' }] });
      const late = await server.api('POST', `/comparisons/${id}/cancel`);
      expect([late.status, late.body.code]).toEqual([409, 'comparison_finished']);
      for (const [body, code] of [
        [{ isolations: ['steel'] }, 'unknown_isolation'],
        [{ isolations: ['firecracker'] }, 'isolation_not_usable'],
        [{ count: 0 }, 'invalid_request'],
      ] as const)
        expect((await server.api('POST', '/functions/hello/comparisons', body)).body.code).toBe(code);
      expect((await server.api('POST', '/functions/absent/comparisons', {})).body.code).toBe('function_not_found');
    },
  );
});

describe('coldframe compare', () => {
  const env = () => ({ env: serverEnv(server) });

  it('draws a table, or prints JSON or CSV, with progress on stderr', options, async () => {
    const shown = await runCli(['compare', 'hello', '--isolations', 'process', '--count', '2'], env());
    expect([shown.code, shown.stderr]).toEqual([0, expect.stringMatching(/6 of 6 calls\n$/)]);
    const lines = shown.stdout.split('\n');
    expect(lines[0]).toMatch(/^hello \(nodejs24\), 2 calls of each start, finished {2}[0-9a-f-]{36}$/);
    expect(lines[1]).toMatch(/^ISOLATION +START +CALLS +FAILED +P50 +P95 +P99 +CPU +PEAK MEMORY$/);
    expect(lines[2]).toMatch(/^process +cold +2 +0 +\d+/);
    const id = lines[0]?.slice(-36) ?? '';
    const csv = await runCli(['compare', '--show', id, '--csv'], env());
    expect(csv.stdout.split('\r\n').slice(0, 1)).toEqual([CSV_HEAD]);
    expect(csv.stdout.split('\r\n')).toHaveLength(5);
    const json = await runCli(['compare', '--show', id, '--json'], env());
    expect(JSON.parse(json.stdout)).toMatchObject({ id, state: 'finished' });
  });

  it('refuses what it does not understand, and tells what the server refused', options, async () => {
    expect((await runCli(['compare'], env())).code).toBe(2);
    expect((await runCli(['compare', 'hello', '--count', 'many'], env())).code).toBe(2);
    const refused = await runCli(['compare', 'hello', '--isolations', 'steel'], env());
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('(unknown_isolation)')]);
  });

  it('is cancelled by Ctrl-C and shows what it has', options, async () => {
    const run = new CliRun(['compare', 'slow', '--isolations', 'process', '--event', '{"ms": 50000}'], env());
    await server.until('it runs', () => run.stderr.includes('0 of 30 calls, process'));
    const { code, stdout } = await run.interrupt();
    expect([code, stdout]).toEqual([0, expect.stringContaining('cancelled')]);
  });
});

describe('a server that goes away', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('after %s the comparison says interrupted', options, async (signal) => {
    const first = await TestServer.start({ isolation: 'process' });
    let id = '';
    try {
      await first.deploy('slow', 'nodejs', fixture('slow', 'nodejs'), { isolation: 'process', timeoutMs: 60_000 });
      id = await start('slow', { isolations: ['process'], event: { ms: 50_000 } }, first);
    } finally {
      await first.kill(signal);
    }
    const second = await TestServer.start({ dataDir: first.dataDir, isolation: 'process' });
    try {
      const found = await second.api<Comparison>('GET', `/comparisons/${id}`);
      expect(found.body).toMatchObject({ state: 'interrupted', isolations: [{ state: 'stopped' }] });
      await ended(await start('slow', { isolations: ['process'], count: 1, event: { ms: 1 } }, second), second);
    } finally {
      await second.stop();
      await first.stop();
    }
  });
});
