/** One exception to what egress refuses: an IPv4 network, or one port of it. */
export interface EgressAllow {
  /** `10.1.2.0/24`; a single address is `/32`. */
  cidr: string;
  /** TCP and UDP; null: every port. */
  port: number | null;
}

const ENTRY = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?(?::(\d{1,5}))?$/;
export const EGRESS_ALLOW_MAX = 256;

/** `10.1.2.3`, `10.1.0.0/16` or `10.1.2.3:5432`, comma-separated; null when any entry is none of these or names loopback. */
export function parseEgressAllow(text: string): readonly EgressAllow[] | null {
  const entries = text.split(',').map((entry) => parseEntry(entry.trim()));
  return entries.length > EGRESS_ALLOW_MAX || entries.includes(null) ? null : (entries as EgressAllow[]);
}

function parseEntry(entry: string): EgressAllow | null {
  const [, address = '', bitsText = '32', portText] = ENTRY.exec(entry) ?? [];
  const bits = Number(bitsText);
  const port = portText === undefined ? null : Number(portText);
  const number = ipv4Number(address);
  if (number === null || bits > 32 || bits < 1 || (port !== null && (port < 1 || port > 65_535))) return null;
  const network = Math.floor(number / 2 ** (32 - bits)) * 2 ** (32 - bits);
  // A packet to loopback never leaves the sandbox, so an entry of it could only mislead.
  return overlaps({ first: network, bits }, { first: 0x7f00_0000, bits: 8 })
    ? null
    : { cidr: `${ipv4Text(network)}/${bits}`, port };
}

/** A block of addresses: the first as a number, and the length of its prefix. */
export interface Ipv4Block {
  first: number;
  bits: number;
}

export function ipv4Number(address: string): number | null {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

export function ipv4Block(cidr: string): Ipv4Block | null {
  const [address = '', bits = '32'] = cidr.split('/');
  const number = ipv4Number(address);
  return number === null ? null : { first: number, bits: Number(bits) };
}

export function overlaps(one: Ipv4Block, other: Ipv4Block): boolean {
  const size = 2 ** (32 - Math.min(one.bits, other.bits));
  return Math.floor(one.first / size) === Math.floor(other.first / size);
}
