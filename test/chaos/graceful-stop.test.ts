import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixture } from '../support/fixture.ts';
import { hostTraces, NO_TRACES } from '../support/host-traces.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';

const IN_FLIGHT_PER_FUNCTION = 3;
const QUICK_CALLS = 120;

let dataDir: string;
let server: TestServer;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'coldframe-stopped-'));
  server = await TestServer.start({ dataDir });
}, PREPARE_TIMEOUT_MS);
afterEach(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

it('I8: SIGTERM under load finishes calls in flight, refuses new ones, writes every record and leaves nothing', {
  timeout: PREPARE_TIMEOUT_MS,
}, async (context) => {
  for (const isolation of TESTED_ISOLATIONS) await requireIsolation(server, isolation, context);
  const { instance } = (await server.api<{ instance: string }>('GET', '/platform')).body;
  for (const isolation of TESTED_ISOLATIONS)
    await server.deploy(`slow-${isolation}`, 'nodejs', fixture('slow', 'nodejs'), { isolation, timeoutMs: 20_000 });
  const ids: string[] = [];
  const call = async (name: string, ms: number): Promise<number | string> => {
    try {
      const reply = await server.invoke<{ code?: string }>(name, { ms });
      if (reply.status !== 200) return `${reply.status} ${reply.body.code}`;
      ids.push(reply.headers.get('coldframe-invocation-id') ?? '');
      return reply.status;
    } catch (error) {
      return codeOf(error);
    }
  };
  for (let n = 0; n < QUICK_CALLS; n += 10)
    await Promise.all(
      Array.from({ length: 10 }, (_, at) => call(`slow-${TESTED_ISOLATIONS[at % TESTED_ISOLATIONS.length]}`, 1)),
    );
  const inFlight = TESTED_ISOLATIONS.flatMap((isolation) =>
    Array.from({ length: IN_FLIGHT_PER_FUNCTION }, () => call(`slow-${isolation}`, 2_000)),
  );
  await server.until('the calls to run', async () => {
    const { sandboxes } = (await server.api<{ sandboxes: { inFlight: number }[] }>('GET', '/pool')).body;
    return sandboxes.reduce((sum, one) => sum + one.inFlight, 0) === inFlight.length;
  });

  const ended = server.kill('SIGTERM');
  const late: (number | string)[] = [];
  while (!server.hasEnded && late.filter((one) => one !== 200).length < 20) late.push(await call('slow-process', 1));
  expect(await Promise.all(inFlight)).toEqual(Array(inFlight.length).fill(200));
  await ended;
  // Those sent before the signal was seen are still served; after that, nothing is.
  const firstRefused = late.findIndex((one) => one !== 200);
  expect(firstRefused).toBeGreaterThanOrEqual(0);
  for (const one of late.slice(firstRefused))
    expect(one).toMatch(/^(503 draining|ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET)$/);
  expect(await hostTraces(instance)).toEqual(NO_TRACES);

  server = await TestServer.start({ dataDir });
  const recorded = await recordedIds(server);
  expect(ids.filter((id) => !recorded.has(id))).toEqual([]);
  expect(recorded.size).toBe(ids.length);
});

async function recordedIds(from: TestServer): Promise<Set<string>> {
  const ids = new Set<string>();
  let cursor: string | null = null;
  do {
    const query: string = `limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await from.api<{ items: { id: string; outcome: string }[]; nextCursor: string | null }>(
      'GET',
      `/invocations?${query}`,
    );
    for (const { id, outcome } of body.items) if (outcome === 'ok') ids.add(id);
    cursor = body.nextCursor;
  } while (cursor !== null);
  return ids;
}

/** The system's own word for a failed connection, however deep. */
function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: string; cause?: unknown };
  return code ?? (cause === undefined ? String(error) : codeOf(cause));
}
