const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** The text is not JSON, as far as one pass can tell. */
export class JsonScanError extends Error {}

/** Members of one object that get a map entry each. No body of ours has nearly as many. */
const MEMBERS_MAX = 1_000;

/**
 * The members of a JSON object as slices of its bytes, in one pass over them whose time is linear whatever the nesting or the
 * number of members (JSON.parse of 6 MiB of distinct keys would hold the serving thread for seconds). Null when the text is
 * not an object; the last of equal names counts. Structure is checked, values are not: parse the slices that are needed.
 *
 * With `only`, other members are passed over without being decoded or kept. Without it an object of more than 1,000 members
 * throws. Throws JsonScanError for anything that is not one whole object.
 */
export function jsonMembers(bytes: Uint8Array, only?: readonly string[]): Map<string, Buffer> | null {
  const json = asBuffer(bytes);
  let at = skipSpace(json, 0);
  if (json[at] !== OPEN_BRACE) return null;
  const members = new Map<string, Buffer>();
  at = skipSpace(json, at + 1);
  if (json[at] === CLOSE_BRACE) return wholeOrThrow(json, at, members);
  for (;;) {
    const keyStart = at;
    const keyEnd = stringEnd(json, keyStart);
    at = skipSpace(json, keyEnd);
    if (json[at] !== COLON) throw new JsonScanError('expected a colon');
    const start = skipSpace(json, at + 1);
    const end = valueEnd(json, start);
    const name = only === undefined ? keyOf(json, keyStart, keyEnd) : wantedKeyOf(json, keyStart, keyEnd, only);
    if (name !== null) members.set(name, json.subarray(start, end));
    if (members.size > MEMBERS_MAX) throw new JsonScanError('too many members');
    at = skipSpace(json, end);
    if (json[at] === CLOSE_BRACE) return wholeOrThrow(json, at, members);
    if (json[at] !== COMMA) throw new JsonScanError('expected a comma');
    at = skipSpace(json, at + 1);
  }
}

function wholeOrThrow(json: Buffer, end: number, members: Map<string, Buffer>): Map<string, Buffer> {
  if (skipSpace(json, end + 1) !== json.length) throw new JsonScanError('something follows the object');
  return members;
}

function keyOf(json: Buffer, start: number, end: number): string {
  return parseSlice(json.subarray(start, end)) as string;
}

/** A character of a name may be written as an escape of six bytes. */
const ESCAPED_BYTES_PER_CHAR = 6;

/** The key when it is one of `names`. Null when it is not; when its length already shows that, nothing is decoded. */
function wantedKeyOf(json: Buffer, start: number, end: number, names: readonly string[]): string | null {
  const bytes = end - start - 2;
  const isPossible = names.some(({ length }) => bytes >= length && bytes <= length * ESCAPED_BYTES_PER_CHAR);
  if (!isPossible) return null;
  const isEscaped = json.subarray(start, end).includes(BACKSLASH);
  for (const name of names) {
    if (!isEscaped && bytes !== name.length) continue;
    const key = isEscaped ? keyOf(json, start, end) : json.toString('latin1', start + 1, end - 1);
    if (key === name) return name;
  }
  return null;
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

/** True when the text is one value and nothing else, as far as its structure shows. */
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

/** The first byte that is not a space. It tells strings (`"`) from other values. */
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
  const { length } = json;
  // It goes byte by byte: a search for quotes costs more per hit than a step, and hostile text is full of hits.
  for (let at = start + 1; at < length; at++) {
    const byte = json[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
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
