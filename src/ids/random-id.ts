import { randomBytes } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const URL_ID_BYTES = 15;
const TOKEN_BYTES = 32;

/** An unguessable id for addresses: 120 random bits as 24 lower-case base32 characters, so it also fits a host name. */
export function urlId(): string {
  return base32(randomBytes(URL_ID_BYTES));
}

/** A secret of 256 random bits in base64url behind a prefix that tells scanners and people what it is, e.g. `cf_`. */
export function secretToken(prefix: string): string {
  return prefix + randomBytes(TOKEN_BYTES).toString('base64url');
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}
