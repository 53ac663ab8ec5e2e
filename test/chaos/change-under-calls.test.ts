import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostTraces, NO_TRACES } from '../support/host-traces.ts';
import { readUntil } from '../support/read-until.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';

const IN_FLIGHT = 3;
const STARTED_WITHIN_MS = 30_000;
const GONE_WITHIN_MS = 10_000;
const says = (what: string): string => `
export const handler = async ({ ms = 0 }) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return '${what}';
};`;

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

/** Calls in flight inside their sandboxes, whose ids it returns. */
async function callsInFlight(name: string, ms: number) {
  // A sandbox for each, made before, so that slow starts do not spread them.
  await readUntil(
    () => Promise.all(Array.from({ length: IN_FLIGHT }, () => server.invoke(name, { ms: 500 }))),
    (warmed) => warmed.every((one) => one.headers.get('coldframe-start') === 'warm'),
    STARTED_WITHIN_MS,
  );
  const replies = Array.from({ length: IN_FLIGHT }, () => server.invoke(name, { ms }));
  const running = await readUntil(
    async () =>
      (await server.api<PoolView>('GET', '/pool')).body.sandboxes.filter(
        (one) => one.functionName === name && one.inFlight > 0,
      ),
    (busy) => busy.length === IN_FLIGHT,
    STARTED_WITHIN_MS,
  );
  expect(running.length).toBe(IN_FLIGHT);
  return { replies, sandboxIds: running.map((one) => one.id) };
}

async function expectGone(sandboxIds: string[]): Promise<void> {
  for (const id of sandboxIds) {
    const left = await readUntil(
      () => hostTraces(instance, id),
      (traces) => Object.values(traces).every((one) => one.length === 0),
      GONE_WITHIN_MS,
    );
    expect(left).toEqual(NO_TRACES);
  }
}

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  const settings = { isolation, timeoutMs: 20_000 };

  it('I9: calls in flight finish with the code they began with; calls after the change get the new one', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, isolation, context);
    const name = `changing-${isolation}`;
    await server.deploy(name, 'nodejs', says('old'), settings);
    const { replies, sandboxIds } = await callsInFlight(name, 2_500);
    expect((await server.api('PUT', `/functions/${name}/code`, { source: says('new') })).status).toBe(200);
    expect((await server.api('PATCH', `/functions/${name}`, { memoryMib: 192 })).status).toBe(200);
    expect((await server.invoke(name)).body).toBe('new');
    for (const reply of await Promise.all(replies)) expect([reply.status, reply.body]).toEqual([200, 'old']);
    expect((await server.invoke(name)).body).toBe('new');
    await expectGone(sandboxIds);
  });

  it('I9: calls in flight outlive their function, which is 404 at once; then nothing of it is left', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, isolation, context);
    const name = `deleted-${isolation}`;
    await server.deploy(name, 'nodejs', says('still here'), settings);
    const { replies, sandboxIds } = await callsInFlight(name, 2_500);
    expect((await server.api('DELETE', `/functions/${name}`)).status).toBe(204);
    expect((await server.invoke(name)).status).toBe(404);
    await server.deploy(name, 'nodejs', says('reborn'), settings);
    expect((await server.invoke(name)).body).toBe('reborn');
    for (const reply of await Promise.all(replies)) expect([reply.status, reply.body]).toEqual([200, 'still here']);
    await expectGone(sandboxIds);
  });
});
