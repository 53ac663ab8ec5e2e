import { randomFillSync } from 'node:crypto';

const RANDOM_BATCH_BYTES = 4096;
/** Random bytes one id takes: 8 for the tail, 2 to seed the counter of a new millisecond. */
const BYTES_PER_ID = 10;
/** The counter is rand_a's 12 bits; it starts below half so that a millisecond has room for 2,048 ids at least. */
const COUNTER_MAX = 0xfff;
const COUNTER_SEED_MASK = 0x7ff;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const random = Buffer.allocUnsafe(RANDOM_BATCH_BYTES);
let randomOffset = RANDOM_BATCH_BYTES;
let lastMs = 0;
let counter = 0;

/**
 * A UUIDv7 (RFC 9562) that sorts by time as text. Within this process each id is greater than the one before, also when
 * the clock steps back or one millisecond sees more ids than the counter holds: then the id's time runs ahead of the clock.
 */
export function uuid7(nowMs: number = Date.now()): string {
  if (randomOffset + BYTES_PER_ID > RANDOM_BATCH_BYTES) {
    randomFillSync(random);
    randomOffset = 0;
  }
  const at = randomOffset;
  randomOffset += BYTES_PER_ID;
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = ((random[at + 8]! << 8) | random[at + 9]!) & COUNTER_SEED_MASK;
  } else if (counter < COUNTER_MAX) {
    counter++;
  } else {
    lastMs++;
    counter = 0;
  }
  return format(lastMs, counter, at);
}

/** Milliseconds since the epoch that an id of `uuid7` carries. */
export function uuid7Ms(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function format(ms: number, count: number, at: number): string {
  const high = Math.floor(ms / 0x1_0000_0000);
  const low = ms >>> 0;
  return (
    HEX[(high >>> 8) & 0xff]! +
    HEX[high & 0xff]! +
    HEX[low >>> 24]! +
    HEX[(low >>> 16) & 0xff]! +
    '-' +
    HEX[(low >>> 8) & 0xff]! +
    HEX[low & 0xff]! +
    '-' +
    HEX[0x70 | (count >>> 8)]! +
    HEX[count & 0xff]! +
    '-' +
    HEX[0x80 | (random[at]! & 0x3f)]! +
    HEX[random[at + 1]!]! +
    '-' +
    HEX[random[at + 2]!]! +
    HEX[random[at + 3]!]! +
    HEX[random[at + 4]!]! +
    HEX[random[at + 5]!]! +
    HEX[random[at + 6]!]! +
    HEX[random[at + 7]!]!
  );
}
