/** Bounds on the work that one body may cause in JSON.parse, the schema and the operation. */
export interface JsonWorkLimits {
  /** Values, keys and containers together. */
  tokensMax: number;
  depthMax: number;
}

/**
 * The largest body of ours is code: a file is two tokens, and a package has at most 20,000 files. No body of ours nests
 * deeper than 8.
 */
export const JSON_WORK_LIMITS: JsonWorkLimits = { tokensMax: 50_000, depthMax: 64 };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Whether parsing this text stays cheap: one step a byte, and no further than the limit. What is not JSON may pass; the parser
 * says so. A body of distinct keys or of nested arrays costs JSON.parse up to seconds, on the thread that serves everybody.
 */
export function isCheapJson(json: Uint8Array, { tokensMax, depthMax }: JsonWorkLimits = JSON_WORK_LIMITS): boolean {
  let tokens = 1;
  let depth = 0;
  const { length } = json;
  for (let at = 0; at < length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      for (at++; at < length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
    } else if (byte === COMMA || byte === COLON) {
      if (++tokens > tokensMax) return false;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++tokens > tokensMax || ++depth > depthMax) return false;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
  }
  return true;
}
