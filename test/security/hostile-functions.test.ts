import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostLag } from '../../src/sandbox/conformance/host-lag.ts';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { hostTraces, NO_TRACES } from '../support/host-traces.ts';
import { readUntil } from '../support/read-until.ts';
import { isEnforced, PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { requireOwnProcesses } from '../support/require-own-processes.ts';
import { SteadyCaller } from '../support/steady-caller.ts';
import { TestServer } from '../support/test-server.ts';
import { HOSTILE_CASES } from './hostile-cases.ts';

/** Long enough to end by itself on a host that is busy with other things. */
const TIMEOUT_MS = 90_000;
/** Every sandbox of a deleted function is gone within this. */
const GONE_WITHIN_MS = 10_000;
/** The neighbour's slowest call; it may itself wait for a sandbox being made while the hostile one has a core. */
const NEIGHBOUR_MAX_MS = 5_000;
const LIMITS = { timeoutMs: TIMEOUT_MS, initTimeoutMs: 60_000, memoryMib: 128, diskMib: 32 };

let server: TestServer;
let instance: string;

beforeAll(async () => {
  server = await TestServer.start();
  instance = (await server.api<{ instance: string }>('GET', '/platform')).body.instance;
}, PREPARE_TIMEOUT_MS);

afterAll(() => server.stop());

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  describe.each(FIXTURE_LANGUAGES)('in %s', (language) => {
    it.for(HOSTILE_CASES)(
      '$fixture ends as documented, disturbs no neighbour and leaves nothing behind',
      { timeout: PREPARE_TIMEOUT_MS },
      async (hostile, context) => {
        const never = hostile.never?.[isolation];
        if (never) return context.skip(never);
        await requireIsolation(server, isolation, context);
        if (hostile.needs && !(await isEnforced(server, isolation, hostile.needs)))
          return context.skip(`needs cgroups: ${hostile.needs} is unenforced here`);
        if (hostile.needsOwnProcesses) await requireOwnProcesses(server, isolation, context);
        const neighbour = await deployNeighbour(isolation, language);
        const name = `${hostile.fixture}-${isolation}-${language}`;
        await server.deploy(name, language, fixture(hostile.fixture, language), {
          ...LIMITS,
          ...hostile.settings,
          isolation,
        });

        const hostLag = new HostLag();
        const steady = new SteadyCaller(server, neighbour);
        const reply = await server.invoke<Record<string, unknown>>(name, hostile.event ?? {});
        const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
        const { statuses, slowestMs, transportErrors } = await steady.stop();
        const hostLagMs = hostLag.stop();

        const endings = hostile.endingsUnder?.[isolation] ?? [hostile.ending];
        const { result, ...ending } = endings.find(({ status }) => status === reply.status) ?? hostile.ending;
        expect({ status: reply.status, code: catalogueCode(reply), outcome: record.outcome }).toEqual(ending);
        if (result) expect(reply.body).toSatisfy(result);
        expect(transportErrors).toEqual([]);
        expect(new Set(statuses)).toEqual(new Set([200]));
        expect(slowestMs).toBeLessThan(NEIGHBOUR_MAX_MS + hostLagMs);
        expect(server.hasEnded).toBe(false);

        expect((await server.api('DELETE', `/functions/${name}`)).status).toBe(204);
        const sandboxId = String(record.attempts[0]?.sandboxId);
        const left = await readUntil(
          () => hostTraces(instance, sandboxId),
          (traces) => Object.values(traces).every((one) => one.length === 0),
          GONE_WITHIN_MS,
        );
        expect(left).toEqual(NO_TRACES);
      },
    );
  });
});

describe.each(TESTED_ISOLATIONS)('output under %s', (isolation) => {
  it.for(FIXTURE_LANGUAGES)(
    'a %s function that prints a MiB is answered; 256 KiB are kept and the cut is marked',
    async (language, context) => {
      await requireIsolation(server, isolation, context);
      const name = `prints-1mib-${isolation}-${language}`;
      await server.deploy(name, language, fixture('prints-100mib', language), { isolation, timeoutMs: TIMEOUT_MS });
      const reply = await server.invoke(name, { mib: 1 });
      expect(reply.status).toBe(200);
      const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
      const [attempt] = record.attempts as { logsTruncated: boolean; logs: { text: string }[] }[];
      expect(attempt?.logsTruncated).toBe(true);
      const keptBytes = attempt?.logs.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) ?? 0;
      expect(keptBytes).toBeGreaterThan(200 * 1024);
      expect(keptBytes).toBeLessThanOrEqual(256 * 1024 + 1024);
    },
  );
});

/** An innocent function of the same isolation and language, warm. */
async function deployNeighbour(isolation: string, language: 'nodejs' | 'python'): Promise<string> {
  const name = `neighbour-${isolation}-${language}`;
  if ((await server.api('GET', `/functions/${name}`)).status === 404)
    await server.deploy(name, language, fixture('hello', language), { isolation });
  expect((await server.invoke(name, { name: 'Ada' })).status).toBe(200);
  return name;
}

function catalogueCode(reply: { status: number; body: { code?: unknown } }): unknown {
  return reply.status === 200 ? undefined : reply.body.code;
}
