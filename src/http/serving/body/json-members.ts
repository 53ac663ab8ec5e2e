const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Not JSON, as far as one pass can tell. */
export class JsonScanError extends Error {}

/**
 * The members of a JSON object as slices of its bytes, in one pass whose time is linear whatever the nesting (JSON.parse of a
 * 6 MiB nested array would hold the serving thread for half a second). Null when the text is not an object; the last of
 * equal names counts. Structure is checked, values are not: parse the slices that are needed.
 */
export function jsonMembers(bytes: Uint8Array): Map<string, Buffer> | null {
  const json = asBuffer(bytes);
  let at = skipSpace(json, 0);
  if (json[at] !== OPEN_BRACE) return null;
  const members = new Map<string, Buffer>();
  at = skipSpace(json, at + 1);
  if (json[at] === CLOSE_BRACE) return members;
  for (;;) {
    const keyEnd = stringEnd(json, at);
    const key = parseSlice(json.subarray(at, keyEnd)) as string;
    at = skipSpace(json, keyEnd);
    if (json[at] !== COLON) throw new JsonScanError('expected a colon');
    const start = skipSpace(json, at + 1);
    const end = valueEnd(json, start);
    members.set(key, json.subarray(start, end));
    at = skipSpace(json, end);
    if (json[at] === CLOSE_BRACE) return members;
    if (json[at] !== COMMA) throw new JsonScanError('expected a comma');
    at = skipSpace(json, at + 1);
  }
}

/** The same JSON without the spaces between its tokens. */
export function compactJson(bytes: Uint8Array): Buffer {
  const json = asBuffer(bytes);
  const out = Buffer.allocUnsafe(json.length);
  let length = 0;
  for (let at = 0; at < json.length; ) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      const end = stringEnd(json, at);
      length += json.copy(out, length, at, end);
      at = end;
    } else {
      if (!isSpace(byte)) out[length++] = byte;
      at++;
    }
  }
  return out.subarray(0, length);
}

/** True when the text is one value and nothing else, as far as its structure tells. */
export function isOneValue(bytes: Uint8Array): boolean {
  const json = asBuffer(bytes);
  try {
    return skipSpace(json, valueEnd(json, skipSpace(json, 0))) === json.length;
  } catch {
    return false;
  }
}

/** Parses one slice. Throws JsonScanError. */
export function parseSlice(slice: Buffer): unknown {
  try {
    return JSON.parse(slice.toString('utf8'));
  } catch {
    throw new JsonScanError('not JSON');
  }
}

/** The first byte that is not a space: tells strings (`"`) from other values. */
export function firstByte(bytes: Uint8Array): number | undefined {
  const json = asBuffer(bytes);
  return json[skipSpace(json, 0)];
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (isSpace(json[at])) at++;
  return at;
}

/** Index after the closing quote of the string that starts at `start`. */
function stringEnd(json: Buffer, start: number): number {
  if (json[start] !== QUOTE) throw new JsonScanError('expected a string');
  for (let quote = json.indexOf(QUOTE, start + 1); quote !== -1; quote = json.indexOf(QUOTE, quote + 1)) {
    let slashes = 0;
    while (json[quote - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
  }
  throw new JsonScanError('a string does not end');
}

function valueEnd(json: Buffer, start: number): number {
  const first = json[start];
  if (first === QUOTE) return stringEnd(json, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return containerEnd(json, start);
  let at = start;
  while (at < json.length && !endsScalar(json[at] as number)) at++;
  if (at === start) throw new JsonScanError('expected a value');
  return at;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}

function containerEnd(json: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; ) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      at = stringEnd(json, at);
      continue;
    }
    at++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
  }
  throw new JsonScanError('an object or array does not end');
}
