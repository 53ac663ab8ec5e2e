import { SESSION_COOKIE } from '../serving/access.ts';
import { compactJson, firstByte, JsonScanError, jsonMembers, parseSlice } from '../serving/body/json-members.ts';

/** What a function's result means as an HTTP response. Headers are a flat list, cookies included. */
export interface UrlResponse {
  status: number;
  headers: string[];
  body: Buffer;
}

const QUOTE = 0x22;
/** Headers and cookies of one response, as JSON: parsed on the serving thread, so bounded. */
const HEAD_MAX_BYTES = 64 * 1024;

/** The members of a response that count; a result may have any number of others. */
export const RESPONSE_MEMBERS = ['statusCode', 'headers', 'cookies', 'body', 'isBase64Encoded'] as const;

const EMPTY = Buffer.alloc(0);

/** Null when the result is not a response Lambda would accept: the caller then answers 502. */
export function urlResponseOf(result: Uint8Array | null): UrlResponse | null {
  try {
    return result === null ? jsonResponse(Buffer.from('null')) : responseOf(result);
  } catch (error) {
    if (error instanceof JsonScanError) return null;
    throw error;
  }
}

/** Status and headers of a response object or a stream's prelude. Throws JsonScanError. */
export function responseHeadOf(members: Map<string, Buffer>): { status: number; headers: string[] } {
  const headers = headersOf(members.get('headers'));
  for (const cookie of cookiesOf(members.get('cookies'))) headers.push('set-cookie', cookie);
  if (!hasHeader(headers, 'content-type')) headers.push('content-type', 'application/json');
  return { status: statusOf(members.get('statusCode')), headers };
}

function responseOf(result: Uint8Array): UrlResponse {
  const members = jsonMembers(result, RESPONSE_MEMBERS);
  if (members?.has('statusCode')) {
    return { ...responseHeadOf(members), body: bodyOf(members) };
  }
  if (members === null && firstByte(result) === QUOTE) {
    return jsonResponse(Buffer.from(parseSlice(Buffer.from(result)) as string));
  }
  return jsonResponse(compactJson(result));
}

function jsonResponse(body: Buffer): UrlResponse {
  return { status: 200, headers: ['content-type', 'application/json'], body };
}

function statusOf(slice: Buffer | undefined): number {
  const value = slice === undefined ? 200 : parseBounded(slice);
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  if (typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new JsonScanError('statusCode is not a status');
}

/** Headers of the connection and of bodies are the server's own; the last would reach over to the console's cookies. */
const REFUSED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'coldframe-invocation-id',
  'clear-site-data',
]);
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function headersOf(slice: Buffer | undefined): string[] {
  const value = slice === undefined ? null : parseBounded(slice);
  if (value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value)) throw new JsonScanError('headers is not an object');
  const headers: string[] = [];
  for (const [name, one] of Object.entries(value)) {
    if (one === null || REFUSED.has(name.toLowerCase())) continue;
    const text = Array.isArray(one) ? one.map(textOf).join(',') : textOf(one);
    if (!NAME.test(name) || !VALUE.test(text)) throw new JsonScanError('a header has characters it may not have');
    if (name.toLowerCase() === 'set-cookie' && isSessionCookie(text)) continue;
    headers.push(name, text);
  }
  return headers;
}

function cookiesOf(slice: Buffer | undefined): string[] {
  const value = slice === undefined ? [] : (parseBounded(slice) ?? []);
  if (!Array.isArray(value)) throw new JsonScanError('cookies is not an array');
  const cookies = value.map(textOf);
  if (!cookies.every((cookie) => VALUE.test(cookie)))
    throw new JsonScanError('a cookie has characters it may not have');
  return cookies.filter((cookie) => !isSessionCookie(cookie));
}

/** Browsers match names without regard to spaces around them. */
function isSessionCookie(cookie: string): boolean {
  return cookie.split('=', 1)[0]?.trim().toLowerCase() === SESSION_COOKIE;
}

function bodyOf(members: Map<string, Buffer>): Buffer {
  const slice = members.get('body');
  const value = slice === undefined ? null : slice[0] === QUOTE ? parseSlice(slice) : parseBounded(slice);
  if (value === null) return EMPTY;
  if (typeof value !== 'string') throw new JsonScanError('body is not a string');
  const encoded = members.get('isBase64Encoded');
  const isBase64 = encoded !== undefined && parseBounded(encoded) === true;
  return Buffer.from(value, isBase64 ? 'base64' : 'utf8');
}

function parseBounded(slice: Buffer): unknown {
  if (slice.length > HEAD_MAX_BYTES) throw new JsonScanError('too large');
  return parseSlice(slice);
}

function textOf(value: unknown): string {
  if (typeof value === 'object') throw new JsonScanError('not a text');
  return String(value);
}

function hasHeader(headers: string[], name: string): boolean {
  return headers.some((value, index) => index % 2 === 0 && value.toLowerCase() === name);
}
