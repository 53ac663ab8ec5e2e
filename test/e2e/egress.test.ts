import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { egressTraces, WORLD, World, whyNotEgress, whyNotGuestEgress } from '../../src/host/egress/egress-rig.ts';
import { giveGuestImage } from '../support/give-guest-image.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';

/** Reports what came of each connection, and what its resolver says of a name. */
const CONNECTS = `import net from 'node:net';
import dns from 'node:dns/promises';
import os from 'node:os';
const attempt = ({ host, port, silentAfterMs }) => new Promise((resolve) => {
  const socket = net.connect({ host, port }, () => resolve('reached'));
  socket.on('error', (error) => resolve(error.code));
  setTimeout(() => { resolve('silence'); socket.destroy(); }, silentAfterMs);
});
export const handler = async ({ targets }) => ({
  seen: Object.fromEntries(await Promise.all(targets.map(async (one) => [one.host, await attempt(one)]))),
  servers: dns.getServers(),
  own: Object.values(os.networkInterfaces()).flat().filter((one) => !one.internal),
});`;
interface Report {
  seen: Record<string, string>;
  servers: string[];
  own: { address: string; mac: string }[];
}
const REFUSED = /^(EHOSTUNREACH|ENETUNREACH|EACCES|silence)$/;
/** What is there answers, however busy the host; what is refused may stay silent, and is not waited for as long. */
const TARGETS = [WORLD.internet, ...WORLD.refused].map((host) => ({
  ...{ host, port: WORLD.port },
  silentAfterMs: host === WORLD.internet ? 15_000 : 3_000,
}));

const reason = await whyNotEgress();
const guestReason = await whyNotGuestEgress();
let dataDir: string;
let server: TestServer;
let world: World | null = null;
let owner = '';

beforeAll(async () => {
  if (reason === null) world = await new World().open();
  dataDir = mkdtempSync(join(tmpdir(), 'coldframe-egress-'));
  await giveGuestImage(dataDir);
  server = await TestServer.start({ dataDir });
  owner = `coldframe-${(await server.api<{ instance: string }>('GET', '/platform')).body.instance}`;
}, 2 * PREPARE_TIMEOUT_MS);
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  world?.close();
  if (reason === null) expect(egressTraces(owner)).toEqual([]);
});

describe.each(['docker', 'gvisor', 'bubblewrap', 'qemu'] as const)('under %s', (isolation) => {
  it('a function with egress reaches the internet and nothing private, cold and claimed', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    const lacking = isolation === 'qemu' ? guestReason : reason;
    if (lacking !== null) context.skip(lacking);
    await requireIsolation(server, isolation, context);
    const cards: Report['own'] = [];
    for (const name of ['first', 'second']) {
      const full = `egress-${isolation}-${name}`;
      const settings = {
        isolation,
        network: 'egress',
        timeoutMs: 20_000,
        queueTimeoutMs: 60_000,
        initTimeoutMs: 60_000,
      };
      await server.deploy(full, 'nodejs', CONNECTS, settings);
      const reply = await server.invoke<Report>(full, { targets: TARGETS });
      expect([reply.status, reply.headers.get('coldframe-start')]).toEqual([
        200,
        expect.stringMatching(/cold|claimed/),
      ]);
      const { seen, servers, own } = reply.body;
      expect(seen[WORLD.internet]).toBe('reached');
      for (const host of WORLD.refused) expect([host, seen[host]]).toEqual([host, expect.stringMatching(REFUSED)]);
      expect(servers).toEqual([expect.stringMatching(/^10\.2\d\d\./)]);
      cards.push(...own);
    }
    // Both are alive: nothing of one's card is the other's, also where both are clones of one snapshot.
    expect(cards).toHaveLength(2);
    for (const field of ['address', 'mac'] as const) expect(new Set(cards.map((card) => card[field])).size).toBe(2);
  });
});

it.for(['docker', 'gvisor', 'bubblewrap'] as const)(
  'under %s the call-an-API template gives what an API of the internet answered',
  {
    timeout: PREPARE_TIMEOUT_MS,
  },
  async (isolation, context) => {
    if (reason !== null) context.skip(reason);
    await requireIsolation(server, isolation, context);
    const source = readFileSync(resolve(import.meta.dirname, '../../templates/call-api-node/index.mjs'), 'utf8');
    let result: unknown = null;
    // The template waits two seconds for its API, which a busy host may need for the first packet.
    await server.until('an answer within the patience of the template', async () => {
      const tried = await server.api<{ result: unknown }>('POST', '/functions/call-api/try', {
        code: { files: { 'index.mjs': source } },
        settings: { runtime: 'nodejs', isolation, network: 'egress', timeoutMs: 20_000, queueTimeoutMs: 60_000 },
        event: { url: `http://${WORLD.internet}:${WORLD.port}/` },
      });
      result = tried.body.result;
      return result !== null;
    });
    expect(result).toEqual({ status: 200, body: 'hello' });
  },
);

it('process isolation cannot fence a network: a deploy with egress is refused by name', async (context) => {
  await requireIsolation(server, 'process', context);
  const body = { name: 'open', runtime: 'nodejs', code: { source: CONNECTS }, isolation: 'process', network: 'egress' };
  const reply = await server.api<{ code: string }>('POST', '/functions', body);
  expect([reply.status, reply.body.code]).toEqual([422, 'network_unenforceable']);
});
