import { type EgressAllow, ipv4Block, ipv4Number, overlaps } from '../../domain/egress-allow.ts';
import type { EgressNames } from './egress-names.ts';

/**
 * Addresses that are not the public internet: this network, private, carrier, loopback, link-local and metadata,
 * examples, special uses, multicast.
 */
export const REFUSED_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
] as const;

const REFUSED_BLOCKS = REFUSED_RANGES.map((range) => ipv4Block(range)!);

/** Whether egress refuses an IPv4 address, leaving exceptions aside. True for text that is no IPv4 address. */
export function isRefusedAddress(address: string): boolean {
  const first = ipv4Number(address);
  return first === null || REFUSED_BLOCKS.some((range) => overlaps(range, { first, bits: 32 }));
}

/** Questions a second per sandbox: far above any honest function, far below what costs the server. */
const DNS_PER_SECOND = 100;
/**
 * New connections a second per sandbox. Those that have ended are in the host's connection table for up to two minutes more and in no
 * count of the kernel's, so this is what bounds them: 13,000.
 */
const CONNECTIONS_PER_SECOND = 100;
const CONNECTIONS_BURST = 1_000;
/** One sandbox has so small a part of the host's connection table for connections that go on, and at most so many of them. */
const TRACKED_PART = 32;
const TRACKED_MAX = 2_048;

/** What one sandbox may have in a connection table of that size. */
export function trackedMaxOf(tableSize: number): number {
  return Math.min(TRACKED_MAX, Math.floor(tableSize / TRACKED_PART));
}

/**
 * At the usual priority, but before the filter rules of Docker and others: what is refused here never reaches those.
 */
const PRIORITY = -10;

export interface EgressRules {
  names: EgressNames;
  /** `10.208.0.0/20`. */
  subnet: string;
  gateway: string;
  /** The routers of the host's own networks, which may have public addresses. */
  routers: readonly string[];
  allow: readonly EgressAllow[];
  /** Entries of the host's connection table that one sandbox may have. */
  trackedMax: number;
}

/**
 * The whole fence as one nft table, loaded in one transaction. A refused packet is answered, so that functions fail at
 * once and do not wait for their timeout. Only spoofed packets are dropped.
 */
export function egressRules({ names, subnet, gateway, routers, allow, trackedMax }: EgressRules): string {
  const from = `iifname "${names.prefix}*"`;
  const to = `oifname "${names.prefix}*"`;
  const refuse = 'reject with icmpx admin-prohibited';
  return `table inet ${names.table} {
  set sources { type ifname . ipv4_addr; }
  set refused { type ipv4_addr; flags interval; auto-merge; elements = { ${[...REFUSED_RANGES, ...routers].join(', ')} } }
  set asking { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
  set opening { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
  set tracked { type ipv4_addr; size 65535; flags dynamic; }
  chain arriving {
    type filter hook prerouting priority raw; policy accept;
    ${from} meta nfproto ipv6 drop
    ${from} iifname . ip saddr != @sources drop
    ${from} ip daddr ${gateway} udp dport 53 notrack
  }
  chain answering {
    type filter hook output priority raw; policy accept;
    ${to} ip saddr ${gateway} udp sport 53 notrack
  }
  chain allowed {
${allow.map((entry) => `    ${allowed(entry)}\n`).join('')}  }
  chain incoming {
    type filter hook input priority ${PRIORITY}; policy accept;
    iifname != "${names.prefix}*" accept
    meta l4proto { tcp, udp } th dport 53 ip daddr ${gateway} jump asked
    ct state new jump opened
    jump allowed
    ${refuse}
  }
  chain asked {
    update @asking { ip saddr limit rate over ${DNS_PER_SECOND}/second burst ${DNS_PER_SECOND} packets } drop
    ct state new add @tracked { ip saddr ct count over ${trackedMax} } drop
    accept
  }
  chain opened {
    update @opening { ip saddr limit rate over ${CONNECTIONS_PER_SECOND}/second burst ${CONNECTIONS_BURST} packets } drop
    add @tracked { ip saddr ct count over ${trackedMax} } ${refuse}
  }
  chain forwarded {
    type filter hook forward priority ${PRIORITY}; policy accept;
    ${to} ct state established,related accept
    ${to} drop
    iifname != "${names.prefix}*" accept
    ct state established,related accept
    jump opened
    jump allowed
    fib daddr type { local, broadcast, multicast, anycast } ${refuse}
    ip daddr @refused ${refuse}
  }
  chain outgoing {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${subnet} oifname != "${names.prefix}*" masquerade
  }
}
`;
}

function allowed({ cidr, port }: EgressAllow): string {
  return port === null
    ? `ip daddr ${cidr} accept`
    : `ip daddr ${cidr} meta l4proto { tcp, udp } th dport ${port} accept`;
}
