import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { egressTraces, whyNotEgress } from '../../src/host/egress/egress-rig.ts';
import { HostLag } from '../../src/sandbox/conformance/host-lag.ts';
import { fixture } from '../support/fixture.ts';
import { epochsOf, hostTraces, NO_TRACES } from '../support/host-traces.ts';
import { readUntil } from '../support/read-until.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { SteadyCaller } from '../support/steady-caller.ts';
import { TestServer } from '../support/test-server.ts';

/** I5. */
const GONE_WITHIN_MS = 10_000;
/** I8: what a crash may lose. */
const LOST_MAX_MS = 250;
const CALLERS_PER_FUNCTION = 3;
const REPLIES_MIN = 300;

interface Reply {
  id: string;
  /** The status, and what was said where it was not 200. */
  told: string;
  atMs: number;
}

const noEgress = await whyNotEgress();
let dataDir: string;
let victim: TestServer;
let bystander: TestServer;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'coldframe-killed-'));
  [victim, bystander] = await Promise.all([TestServer.start({ dataDir }), TestServer.start()]);
}, PREPARE_TIMEOUT_MS);

afterEach(async () => {
  const instances = await Promise.all([victim, bystander].filter((one) => !one.hasEnded).map(instanceOf));
  await Promise.all([victim.stop(), bystander.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
  for (const instance of instances) {
    expect(await hostTraces(instance)).toEqual(NO_TRACES);
    if (noEgress === null) expect(egressTraces(`coldframe-${instance}`)).toEqual([]);
  }
});

/** Calls without end and keeps what was answered; ends with the server's death. */
async function load(server: TestServer, name: string, replies: Reply[]): Promise<void> {
  while (!server.hasEnded) {
    const reply = await server.invoke(name, { name: 'Ada' }).catch(() => null);
    if (reply === null) return;
    replies.push({
      id: reply.headers.get('coldframe-invocation-id') ?? '',
      told: reply.status === 200 ? '200' : `${reply.status} ${reply.text}`,
      atMs: performance.now(),
    });
    await pause(5);
  }
}

it('I5, I8: after kill -9 under load a restart finds functions and records, removes what was left, and harms no neighbour', {
  timeout: PREPARE_TIMEOUT_MS,
}, async (context) => {
  for (const isolation of TESTED_ISOLATIONS) await requireIsolation(victim, isolation, context);
  await requireIsolation(bystander, 'docker', context);
  const instance = await instanceOf(victim);
  const names = TESTED_ISOLATIONS.map((isolation) => `hello-${isolation}`);
  for (const isolation of TESTED_ISOLATIONS) {
    await victim.deploy(`hello-${isolation}`, 'nodejs', fixture('hello', 'nodejs'), { isolation });
    await victim.deploy(`slow-${isolation}`, 'python', fixture('slow', 'python'), { isolation, timeoutMs: 60_000 });
  }
  await bystander.deploy('counter', 'nodejs', fixture('counter', 'nodejs'), { isolation: 'docker', maxConcurrency: 1 });
  await bystander.invoke('counter');
  const bystanderInstance = await instanceOf(bystander);
  const bystanderEpochs = epochsOf(bystanderInstance);
  const steady = new SteadyCaller(bystander, 'counter');

  const replies: Reply[] = [];
  const hostLag = new HostLag();
  const inFlight = TESTED_ISOLATIONS.map((isolation) =>
    victim.invoke(`slow-${isolation}`, { ms: 50_000 }).catch(() => null),
  );
  const loads = names.flatMap((name) =>
    Array.from({ length: CALLERS_PER_FUNCTION }, () => load(victim, name, replies)),
  );
  await victim.until('load', () => replies.length >= REPLIES_MIN);
  const before = await hostTraces(instance);
  expect(before.containers.length).toBeGreaterThan(0);
  expect(before.processes.length).toBeGreaterThanOrEqual(TESTED_ISOLATIONS.length * 2);
  const [killedEpoch = ''] = epochsOf(instance);

  const killedAtMs = performance.now();
  await victim.kill('SIGKILL');
  const hostLagMs = hostLag.stop();
  await Promise.all([...loads, ...inFlight]);
  expect(new Set(replies.map((one) => one.told))).toEqual(new Set(['200']));

  victim = await TestServer.start({ dataDir });
  const left = await readUntil(
    () => hostTraces(instance, killedEpoch),
    (traces) => Object.values(traces).every((one) => one.length === 0),
    GONE_WITHIN_MS,
  );
  expect(left).toEqual(NO_TRACES);
  expect(await instanceOf(victim)).toBe(instance);

  const listed = await victim.api<{ items: { name: string }[] }>('GET', '/functions');
  expect(listed.body.items.map((one) => one.name)).toEqual(expect.arrayContaining(names));
  for (const isolation of TESTED_ISOLATIONS) {
    await victim.untilReady(isolation);
    expect((await victim.invoke(`hello-${isolation}`, { name: 'Ada' })).status).toBe(200);
  }
  const owed = replies.filter((one) => one.atMs < killedAtMs - LOST_MAX_MS - hostLagMs);
  expect(owed.length).toBeGreaterThan(0);
  const missing: string[] = [];
  for (const { id } of owed) if ((await victim.api('GET', `/invocations/${id}`)).status !== 200) missing.push(id);
  expect(missing).toEqual([]);

  const { statuses, transportErrors } = await steady.stop();
  expect([transportErrors, new Set(statuses)]).toEqual([[], new Set([200])]);
  // One sandbox all the while: its counter has counted every call.
  expect((await bystander.invoke('counter')).body).toEqual({ count: statuses.length + 1 });
  expect(epochsOf(bystanderInstance)).toEqual(bystanderEpochs);
});

it('I5: kill -9 again and again, also while it starts, leaves nothing once it stopped in peace', {
  timeout: PREPARE_TIMEOUT_MS,
}, async () => {
  const instance = await instanceOf(victim);
  await victim.deploy('hello', 'nodejs', fixture('hello', 'nodejs'));
  for (let round = 0; round < 3; round++) {
    await victim.kill('SIGKILL');
    victim = await TestServer.start({ dataDir });
    if (round === 1) continue;
    expect((await victim.invoke('hello', { name: 'Ada' })).status).toBe(200);
  }
  await victim.untilReady();
  await victim.stop();
  expect(await hostTraces(instance)).toEqual(NO_TRACES);
});

it('I5: after kill -9 with egress in use a restart leaves no link, namespace or rule of it, and no neighbour loses its own', {
  timeout: PREPARE_TIMEOUT_MS,
}, async (context) => {
  if (noEgress !== null) context.skip(noEgress);
  const isolations = ['bubblewrap', 'docker'] as const;
  for (const isolation of isolations) await requireIsolation(victim, isolation, context);
  await requireIsolation(bystander, 'bubblewrap', context);
  const settings = { network: 'egress', maxConcurrency: 1 };
  const greeting = isolations.map(async (isolation) => {
    await victim.deploy(isolation, 'nodejs', fixture('hello', 'nodejs'), { ...settings, isolation });
    expect((await victim.invoke(isolation, { name: 'Ada' })).status).toBe(200);
  });
  await bystander.deploy('counter', 'nodejs', fixture('counter', 'nodejs'), { ...settings, isolation: 'bubblewrap' });
  expect((await bystander.invoke('counter')).body).toEqual({ count: 0 });
  await Promise.all(greeting);
  const instance = await instanceOf(victim);
  const [killedEpoch = ''] = epochsOf(instance);
  const killed = `coldframe-${instance}-${killedEpoch}`;
  const neighbour = `coldframe-${await instanceOf(bystander)}`;
  const kept = egressTraces(neighbour);

  await victim.kill('SIGKILL');
  // A link for each of the two, the gateway, a namespace, the table and what iptables lets through.
  expect(egressTraces(killed).length).toBeGreaterThanOrEqual(6);
  victim = await TestServer.start({ dataDir });
  const left = await readUntil(
    async () => egressTraces(killed),
    (traces) => traces.length === 0,
    GONE_WITHIN_MS,
  );
  expect(left).toEqual([]);
  expect(egressTraces(neighbour)).toEqual(expect.arrayContaining(kept));
  expect((await bystander.invoke('counter')).body).toEqual({ count: 1 });
});

async function instanceOf(server: TestServer): Promise<string> {
  return (await server.api<{ instance: string }>('GET', '/platform')).body.instance;
}
