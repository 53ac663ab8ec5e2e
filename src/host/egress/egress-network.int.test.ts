import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseEgressAllow } from '../../domain/egress-allow.ts';
import type { EgressLink } from './egress-link.ts';
import { EgressNetwork } from './egress-network.ts';
import { attempts, egressTraces, inNamespace, WORLD, World, whyNotEgress, whyNotGuestEgress } from './egress-rig.ts';
import { TAP } from './link-script.ts';

const reason = await whyNotEgress();
const guestReason = await whyNotGuestEgress();
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const soon = () => AbortSignal.timeout(20_000);
const runDir = mkdtempSync(join(tmpdir(), 'cfe-'));
const REFUSED = /^(EHOSTUNREACH|ENETUNREACH|EACCES|silence)$/;

let world: World;
let host: Server;
let hostPort = 0;
const networks: EgressNetwork[] = [];

beforeAll(async () => {
  if (reason !== null) return;
  world = await new World().open();
  host = createServer((socket) => socket.end()).listen(0, '0.0.0.0');
  await new Promise((resolve) => host.once('listening', resolve));
  hostPort = (host.address() as { port: number }).port;
});
afterAll(() => {
  if (reason === null) {
    world.close();
    host.close();
  }
  rmSync(runDir, { recursive: true, force: true });
});

beforeEach(({ skip }) => {
  if (reason !== null) skip(reason);
});
afterEach(async () => {
  for (const network of networks.splice(0)) {
    await network.close();
    expect(egressTraces(network.names.owner)).toEqual([]);
  }
});

function networkOf(
  options: { instance?: string; epoch?: string; allow?: string; trackedMax?: number } = {},
): EgressNetwork {
  const { instance = randomBytes(6).toString('hex'), epoch = 'e5', allow, trackedMax } = options;
  mkdirSync(join(runDir, epoch), { recursive: true });
  const network = new EgressNetwork({
    ...{ instance, epoch, runDir, log },
    allow: allow === undefined ? [] : parseEgressAllow(allow)!,
    ...(trackedMax === undefined ? {} : { trackedMax }),
  });
  networks.push(network);
  return network;
}

async function linked(network: EgressNetwork, id = 'one'): Promise<EgressLink & { path: string }> {
  const link = await network.attach(id, { kind: 'new-namespace' }, soon());
  return Object.assign(link, { path: link.namespacePath });
}

function hostAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter((one) => one.family === 'IPv4').map((one) => one.address);
}

describe('a sandbox with egress', () => {
  test('reaches the internet, and neither host, private, carrier, link-local nor metadata addresses', async () => {
    const link = await linked(networkOf());
    const targets = [WORLD.internet, ...WORLD.refused].map((address) => ({ host: address, port: WORLD.port }));
    const seen = attempts(link.path, [
      ...targets,
      ...hostAddresses().map((address) => ({ host: address, port: hostPort })),
    ]);
    expect(seen[`${WORLD.internet}:${WORLD.port}`]).toBe('reached');
    for (const address of WORLD.refused)
      expect([address, seen[`${address}:${WORLD.port}`]]).toEqual([address, expect.stringMatching(REFUSED)]);
    for (const address of hostAddresses().filter((one) => !one.startsWith('127.')))
      expect([address, seen[`${address}:${hostPort}`]]).toEqual([address, expect.stringMatching(REFUSED)]);
    // Its own loopback, on which nobody listens.
    expect(seen[`127.0.0.1:${hostPort}`]).toBe('ECONNREFUSED');
    await link.detach(soon());
  });

  test('reaches what the operator allows, and no other port or neighbour of it', async () => {
    const [near, far] = WORLD.refused;
    const link = await linked(networkOf({ allow: `${near}:${WORLD.port}, 10.99.77.0/28` }));
    const seen = attempts(link.path, [
      { host: near!, port: WORLD.port },
      { host: near!, port: WORLD.port + 1 },
      { host: far!, port: WORLD.port },
      { host: WORLD.refused[2]!, port: WORLD.port },
    ]);
    expect(seen).toMatchObject({ [`${near}:${WORLD.port}`]: 'reached', [`${far}:${WORLD.port}`]: 'reached' });
    expect(seen[`${near}:${WORLD.port + 1}`]).toMatch(REFUSED);
    expect(seen[`${WORLD.refused[2]}:${WORLD.port}`]).toMatch(REFUSED);
    await link.detach(soon());
  });

  test('reaches no other sandbox, of its own instance or of another', async () => {
    const network = networkOf();
    const foreign = networkOf();
    const [link, sibling, stranger] = [await linked(network), await linked(network, 'two'), await linked(foreign)];
    const listen = `require('node:net').createServer((s) => s.end()).listen(7000, '0.0.0.0', () => console.log('up'))`;
    const listeners = [sibling, stranger].map(({ path }) =>
      spawn('nsenter', [`--net=${path}`, process.execPath, '-e', listen]),
    );
    try {
      await Promise.all(listeners.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))));
      const seen = attempts(link.path, [
        { host: sibling.address, port: 7000 },
        { host: stranger.address, port: 7000 },
      ]);
      for (const outcome of Object.values(seen)) expect(outcome).toMatch(REFUSED);
    } finally {
      for (const child of listeners) child.kill('SIGKILL');
    }
    for (const one of [link, sibling, stranger]) await one.detach(soon());
  });

  test('has one IPv4 address and no IPv6, and cannot speak with the address of another', async () => {
    const network = networkOf();
    const [link, sibling] = [await linked(network), await linked(network, 'two')];
    expect(inNamespace(link.path, 'ip', '-6', 'address')).toBe('');
    inNamespace(link.path, 'ip', 'address', 'add', `${sibling.address}/32`, 'dev', 'eth0');
    inNamespace(link.path, 'ip', 'route', 'change', 'default', 'via', link.gateway, 'src', sibling.address);
    const seen = attempts(link.path, [{ host: WORLD.internet, port: WORLD.port }]);
    expect(seen[`${WORLD.internet}:${WORLD.port}`]).toBe('silence');
    for (const one of [link, sibling]) await one.detach(soon());
  });

  test('has its share of the host’s connection table and no more, and a neighbour keeps its own', async () => {
    const network = networkOf({ trackedMax: 20 });
    const [link, sibling] = [await linked(network), await linked(network, 'two')];
    // All stay open until each has been reached or refused: what has ended does not count.
    const script = `
      const net = require('node:net');
      const one = () => new Promise((resolve) => {
        const socket = net.connect(${WORLD.port}, '${WORLD.internet}', () => resolve(1)).on('error', () => resolve(0));
        setTimeout(() => resolve(0), 5000);
      });
      Promise.all(Array.from({ length: 40 }, one)).then((all) => {
        console.log(all.reduce((sum, it) => sum + it));
        process.exit(0);
      });`;
    expect(Number(inNamespace(link.path, process.execPath, '-e', script))).toBe(20);
    const seen = attempts(sibling.path, [{ host: WORLD.internet, port: WORLD.port }]);
    expect(Object.values(seen)).toEqual(['reached']);
    for (const one of [link, sibling]) await one.detach(soon());
  });

  test('asks our resolver, which answers on the gateway alone', async () => {
    const network = networkOf();
    const link = await linked(network);
    expect(readFileSync(network.resolvConf, 'utf8')).toContain(`nameserver ${link.dns}`);
    const script = `
      const socket = require('node:dgram').createSocket('udp4');
      const name = Buffer.concat(['example', 'org'].map((label) => Buffer.from(String.fromCharCode(label.length) + label)));
      const question = Buffer.concat([Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), name, Buffer.from([0, 0, 28, 0, 1])]);
      socket.on('message', (answer) => { console.log(answer.toString('hex')); socket.close(); });
      socket.send(question, 53, '${link.dns}');
      setTimeout(() => process.exit(1), 4000).unref();`;
    // IPv6 is answered without asking anybody.
    const { stdout } = await promisify(execFile)('nsenter', [`--net=${link.path}`, process.execPath, '-e', script]);
    expect(stdout).toMatch(/^01028180/);
    await link.detach(soon());
  });
});

describe('the end of a guest', () => {
  const MONITOR = 600_001;
  const own = (network: EgressNetwork) => egressTraces(`${network.names.owner}-guest`);

  beforeEach(({ skip }) => {
    if (guestReason !== null) skip(guestReason);
  });

  test('leads out for what speaks behind its tap with its address, and nowhere for the monitor itself', async () => {
    const network = networkOf();
    const link = await network.attach('guest', { kind: 'tap', uid: MONITOR }, soon());
    const targets = [WORLD.internet, WORLD.refused[0]].map((host) => ({ host, port: WORLD.port }));
    const [internet, refused] = targets.map(({ host, port }) => `${host}:${port}`) as [string, string];
    expect(attempts(link.namespacePath, targets)).toEqual({ [internet]: 'ENETUNREACH', [refused]: 'ENETUNREACH' });
    // As a guest would on its card: the bridge is the segment the tap is on.
    const inside = (...command: string[]) => inNamespace(link.namespacePath, 'ip', ...command);
    inside('address', 'add', `${link.address}/32`, 'dev', 'br0');
    inside('route', 'add', link.gateway, 'dev', 'br0', 'scope', 'link');
    inside('route', 'add', 'default', 'via', link.gateway);
    const seen = attempts(link.namespacePath, targets);
    expect(seen[internet]).toBe('reached');
    expect(seen[refused]).toMatch(REFUSED);
    expect(own(network)).not.toEqual([]);
    await link.detach(soon());
    expect(own(network)).toEqual([]);
  });

  test('alone is linked to nothing, and goes like a link', async () => {
    const network = networkOf();
    const spare = await network.spareTap('guest', MONITOR, soon());
    const links = inNamespace(spare.namespacePath, 'ip', '-brief', 'link').trim().split('\n');
    expect(links.map((line) => line.split(/[ @]/)[0])).toEqual(['lo', 'br0', TAP]);
    await spare.detach(soon());
    await spare.detach(soon());
    const aborted = network.spareTap('guest', MONITOR, AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ code: 'sandbox_start_failed' });
    expect(own(network)).toEqual([]);
  });
});

describe('ownership', () => {
  test('I5: what an older start left is reaped, and neither a newer start nor another instance is touched', async () => {
    const dead = networkOf({ epoch: 'e1' });
    const instance = dead.names.owner.split('-')[1]!;
    await linked(dead, 'left');
    const newer = networkOf({ instance, epoch: 'e3' });
    const younger = await linked(newer, 'young');
    const other = networkOf();
    const foreign = await linked(other);
    const now = networkOf({ instance, epoch: 'e2' });
    await now.reapOlder(soon());
    expect(egressTraces(dead.names.owner)).toEqual([]);
    for (const link of [younger, foreign]) {
      const seen = attempts(link.path, [{ host: WORLD.internet, port: WORLD.port }]);
      expect(seen[`${WORLD.internet}:${WORLD.port}`]).toBe('reached');
      await link.detach(soon());
    }
  });

  test('a detach may be repeated, and an aborted attach leaves nothing', async () => {
    const network = networkOf();
    const link = await linked(network);
    await link.detach(soon());
    await link.detach(soon());
    await expect(network.attach('aborted', { kind: 'new-namespace' }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'sandbox_start_failed',
    });
  });
});

test('servers that choose the same addresses at the same moment end up with addresses of their own', async () => {
  const alike = instancesWithOneSeed(3).map((instance) => networkOf({ instance }));
  const blocks = (await Promise.all(alike.map((network) => network.prepare()))).map(({ block }) => block.first);
  expect(new Set(blocks).size).toBe(alike.length);
  const internet = { host: WORLD.internet, port: WORLD.port };
  for (const network of alike) {
    const link = await linked(network);
    expect(Object.values(attempts(link.path, [internet]))).toEqual(['reached']);
    await link.detach(soon());
  }
});

/** Names of instances that look for a free block from the same one on. */
function instancesWithOneSeed(count: number): string[] {
  const found: string[] = [];
  for (let n = 0; found.length < count; n++) {
    const instance = n.toString(16).padStart(12, '0');
    if (createHash('sha256').update(instance).digest()[1] === 77) found.push(instance);
  }
  return found;
}
