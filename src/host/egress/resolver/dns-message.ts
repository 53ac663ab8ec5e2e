import { type EgressAllow, ipv4Block, ipv4Text, overlaps } from '../../../domain/egress-allow.ts';
import { isRefusedAddress } from '../egress-rules.ts';

const HEADER_BYTES = 12;
const TYPE_A = 1;
const TYPE_AAAA = 28;
const RESPONSE = 0x80;
export const RCODE = { ok: 0, serverFailure: 2, nameError: 3, refused: 5 } as const;
/** A name has 255 bytes at most, so no more labels than this. */
const LABELS_MAX = 128;
const RECORDS_MAX = 256;

export interface DnsQuestion {
  id: number;
  type: number;
  /** Where the question ends. What follows it in a message is left out of answers made here. */
  endsAt: number;
}

/** Null for any message that is not one plain question of one name. */
export function readQuestion(message: Buffer): DnsQuestion | null {
  if (message.length < HEADER_BYTES + 5 || (message[2]! & RESPONSE) !== 0) return null;
  // Opcode 0 is a query. All others (updates, notifications) and zone transfers (by type) are refused.
  if ((message[2]! & 0x78) !== 0 || message.readUInt16BE(4) !== 1) return null;
  const nameEnd = skipName(message, HEADER_BYTES);
  if (nameEnd === null || nameEnd + 4 > message.length) return null;
  const type = message.readUInt16BE(nameEnd);
  return type === 0 || type > 250 ? null : { id: message.readUInt16BE(0), type, endsAt: nameEnd + 4 };
}

export function isIpv6Question({ type }: DnsQuestion): boolean {
  return type === TYPE_AAAA;
}

/** An answer without records. */
export function emptyAnswer(message: Buffer, question: DnsQuestion, rcode: number): Buffer {
  const answer = Buffer.from(message.subarray(0, question.endsAt));
  answer[2] = RESPONSE | (answer[2]! & 0x01);
  answer[3] = 0x80 | rcode;
  answer.fill(0, 6, HEADER_BYTES);
  return answer;
}

/**
 * Whether an answer holds an address egress would refuse (a public name rebound to a private address), or cannot be read. The rules
 * refuse the connection anyway; this spares functions the attempt and tells it apart.
 */
export function isRebound(message: Buffer, allow: readonly EgressAllow[]): boolean {
  if (message.length < HEADER_BYTES) return true;
  let at: number | null = HEADER_BYTES;
  for (let question = message.readUInt16BE(4); question > 0; question--) {
    at = skipName(message, at);
    if (at === null) return true;
    at += 4;
  }
  const records = message.readUInt16BE(6);
  if (records > RECORDS_MAX) return true;
  for (let record = 0; record < records; record++) {
    at = skipName(message, at);
    if (at === null || at + 10 > message.length) return true;
    const [type, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 8)];
    at += 10;
    if (at + length > message.length) return true;
    if (type === TYPE_A && (length !== 4 || isRefused(message.subarray(at, at + 4), allow))) return true;
    at += length;
  }
  return false;
}

function isRefused(bytes: Buffer, allow: readonly EgressAllow[]): boolean {
  const first = bytes.readUInt32BE(0);
  if (allow.some(({ cidr }) => overlaps(ipv4Block(cidr)!, { first, bits: 32 }))) return false;
  return isRefusedAddress(ipv4Text(first));
}

/** The position behind a name, which may be compressed. Null when the name runs out of the message. */
function skipName(message: Buffer, from: number): number | null {
  let at = from;
  for (let label = 0; label < LABELS_MAX; label++) {
    const length = message[at];
    if (length === undefined) return null;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
  return null;
}
