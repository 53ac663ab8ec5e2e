import { existsSync, readFileSync, statSync } from 'node:fs';
import { type Ipv4Block, ipv4Block } from '../../domain/egress-allow.ts';
import { runTool } from '../run-tool.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const TUN = '/dev/net/tun';
const FOR_ALL = 0o006;
const TOOL_PLACES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Null when links and rules can be made, else what is missing and the command that mends it. */
export async function whyNoEgress(signal: AbortSignal): Promise<{ detail: string; fix: string } | null> {
  if (process.platform !== 'linux') return { detail: 'Egress needs Linux.', fix: 'Run the server on Linux.' };
  if (process.getuid?.() !== 0) {
    return { detail: 'Egress needs links and rules that only root may make.', fix: 'Run the server as root.' };
  }
  for (const [tool, name] of [
    ['nft', 'nftables'],
    ['ip', 'iproute2'],
    ['nsenter', 'util-linux'],
  ] as const) {
    if (!TOOL_PLACES.some((place) => existsSync(`${place}/${tool}`)))
      return { detail: `Egress needs ${tool}, which is not installed.`, fix: `apt-get install ${name}` };
  }
  if (readFileSync(FORWARDING, 'utf8').trim() !== '1')
    return { detail: 'This host forwards no packets.', fix: 'sysctl -w net.ipv4.ip_forward=1' };
  const { exitCode } = await runTool('nft', ['list', 'tables'], signal);
  return exitCode === 0
    ? null
    : { detail: 'The kernel has no nftables, or they may not be used here.', fix: 'modprobe nf_tables' };
}

/**
 * Null when a monitor that runs as `uid` can open the tap made for it, else what is missing and the command that mends
 * it.
 */
export function whyNoTap(uid: number, path = TUN): { detail: string; fix: string } | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    return { detail: `Guests’ network cards need ${path}, which is not there.`, fix: 'modprobe tun' };
  const isOpen = uid === 0 || (found.mode & FOR_ALL) === FOR_ALL;
  if (isOpen) return null;
  return { detail: `Guests’ network cards need ${path}, which only root may open here.`, fix: `chmod 666 ${path}` };
}

/** The blocks in which this host has routes or addresses. */
export async function takenBlocks(signal: AbortSignal): Promise<Ipv4Block[]> {
  const { stdout } = await runTool('ip', ['-4', 'route', 'show', 'table', 'all'], signal);
  return stdout.split('\n').flatMap((line) => {
    const words = line.split(' ');
    const target = /^(unicast|local|broadcast|blackhole|unreachable)$/.test(words[0] ?? '') ? words[1] : words[0];
    const block = target === undefined || !/^\d/.test(target) ? null : ipv4Block(target);
    return block === null || block.bits === 0 ? [] : [block];
  });
}

/** Routers of this host's own networks. */
export async function hostGateways(signal: AbortSignal): Promise<string[]> {
  const { stdout } = await runTool('ip', ['-4', 'route', 'show', 'default'], signal);
  return [...stdout.matchAll(/\bvia (\d[\d.]+)/g)].map(([, address]) => address!);
}

/** How many connections the host's table holds; the kernel's own default where it has not been loaded yet. */
export function connectionTableSize(text = readIfThere('/proc/sys/net/netfilter/nf_conntrack_max')): number {
  return Number(text) || 65_536;
}

/** The host's own resolvers, IPv4. */
export function hostResolvers(text = readIfThere('/etc/resolv.conf')): string[] {
  return text.split('\n').flatMap((line) => /^nameserver\s+(\d[\d.]+)\s*$/.exec(line)?.[1] ?? []);
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
