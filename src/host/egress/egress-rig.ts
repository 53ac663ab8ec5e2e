import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { whyNoEgress, whyNoTap } from './host-network.ts';

/** Addresses of the world: one of the internet, and one of each kind that egress refuses, all answering on one port. */
export const WORLD = {
  internet: '45.55.32.9',
  refused: ['192.168.77.9', '10.99.77.9', '172.20.77.9', '100.64.77.9', '169.254.169.254', '198.18.77.9'],
  port: 8080,
} as const;

const LISTENER = `require('node:http').createServer((_, reply) => reply.end('hello')).listen(${WORLD.port}, '0.0.0.0', () => console.log('up'))`;
const ATTEMPT_MS = 1_500;
const ANY_UID = 600_001;

/** For tests alone. Null when egress works here, else the reason why a test is skipped. */
export async function whyNotEgress(): Promise<string | null> {
  const lacking = await whyNoEgress(AbortSignal.timeout(5_000));
  return lacking === null ? null : `needs root and nftables: ${lacking.detail}`;
}

/** The same for guests, whose monitors run as uids of their own. */
export async function whyNotGuestEgress(): Promise<string | null> {
  const lacking = whyNoTap(ANY_UID);
  return (await whyNotEgress()) ?? (lacking && `needs /dev/net/tun, for qemu: ${lacking.detail}`);
}

/** A network namespace that this host routes to. It plays the internet and the private networks behind it. */
export class World {
  readonly #name = `cfworld-${randomBytes(3).toString('hex')}`;
  readonly #device = this.#name.slice(-9);
  #listener: ChildProcess | null = null;

  async open(): Promise<this> {
    const addresses = [WORLD.internet, ...WORLD.refused];
    ip('netns', 'add', this.#name);
    ip('link', 'add', this.#device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#name);
    ip('address', 'add', '45.55.32.1/32', 'dev', this.#device);
    ip('link', 'set', this.#device, 'up');
    for (const address of addresses) ip('route', 'replace', `${address}/32`, 'dev', this.#device);
    for (const address of addresses) ip('-n', this.#name, 'address', 'add', `${address}/32`, 'dev', 'eth0');
    ip('-n', this.#name, 'link', 'set', 'eth0', 'up');
    ip('-n', this.#name, 'route', 'add', '45.55.32.1', 'dev', 'eth0');
    ip('-n', this.#name, 'route', 'add', 'default', 'via', '45.55.32.1');
    this.#listener = spawn('nsenter', [`--net=/run/netns/${this.#name}`, process.execPath, '-e', LISTENER]);
    await once(this.#listener.stdout!, 'data');
    return this;
  }

  close(): void {
    this.#listener?.kill('SIGKILL');
    ip('netns', 'delete', this.#name);
    try {
      ip('link', 'delete', this.#device);
    } catch {
      // It went with the namespace.
    }
  }
}

/** The result of a connection from inside a namespace: `reached`, the error's code, or `silence`. */
export function attempts(
  namespacePath: string,
  targets: readonly { host: string; port: number }[],
): Record<string, string> {
  const script = `
    const net = require('node:net');
    const one = ({ host, port }) => new Promise((resolve) => {
      const socket = net.connect({ host, port }, () => resolve('reached'));
      socket.on('error', (error) => resolve(error.code));
      setTimeout(() => resolve('silence'), ${ATTEMPT_MS});
    });
    Promise.all(${JSON.stringify(targets)}.map(async (target) => [target.host + ':' + target.port, await one(target)]))
      .then((seen) => { console.log(JSON.stringify(Object.fromEntries(seen))); process.exit(0); });`;
  return JSON.parse(inNamespace(namespacePath, process.execPath, '-e', script)) as Record<string, string>;
}

export function inNamespace(namespacePath: string, ...command: string[]): string {
  return execFileSync('nsenter', [`--net=${namespacePath}`, ...command], { encoding: 'utf8', timeout: 20_000 });
}

/** Everything on this host that carries the owner's name, in words. */
export function egressTraces(owner: string): string[] {
  const seen = [
    ...ip('netns', 'list').split('\n'),
    ...ip('link', 'show').split('\n'),
    ...execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n'),
    ...execFileSync('iptables', ['-w', '5', '-S'], { encoding: 'utf8' }).split('\n'),
  ];
  return seen.filter((line) => line.includes(owner) || line.includes(owner.replaceAll('-', '_')));
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}
