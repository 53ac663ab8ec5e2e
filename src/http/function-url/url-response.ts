import { compactJson, firstByte, JsonScanError, jsonMembers, parseSlice } from '../serving/body/json-members.ts';
import { isOwnCookie } from '../serving/own-cookies.ts';
import { maySend } from './own-headers.ts';

/** What a function's result means as an HTTP response. Headers are a flat list, cookies included. */
export interface UrlResponse {
  status: number;
  headers: string[];
  body: Buffer;
}

const QUOTE = 0x22;
/**
 * Size of the headers and cookies of one response, as JSON. They are parsed on the serving thread, so they are bounded.
 */
const HEAD_MAX_BYTES = 64 * 1024;

/** The members of a response that count. A result may have any number of other members. */
export const RESPONSE_MEMBERS = ['statusCode', 'headers', 'cookies', 'body', 'isBase64Encoded'] as const;

const EMPTY = Buffer.alloc(0);

/**
 * Lambda would not accept this result as a response. The caller answers 502 and keeps the reason for the function's
 * author.
 */
export interface UrlResponseRefusal {
  refusal: string;
}

/** What to answer with. `isOwnOrigin`: no other function answers under this origin. */
export function urlResponseOf(result: Uint8Array | null, isOwnOrigin: boolean): UrlResponse | UrlResponseRefusal {
  try {
    return result === null ? jsonResponse(Buffer.from('null')) : responseOf(result, isOwnOrigin);
  } catch (error) {
    if (error instanceof JsonScanError) return { refusal: error.message };
    throw error;
  }
}

/** Status and headers of a response object or a stream's prelude. Throws JsonScanError. */
export function responseHeadOf(
  members: Map<string, Buffer>,
  isOwnOrigin: boolean,
): { status: number; headers: string[] } {
  const headers = headersOf(members.get('headers'), isOwnOrigin);
  headers.push(...cookiesOf(members.get('cookies')));
  if (!hasHeader(headers, 'content-type')) headers.push('content-type', 'application/json');
  return { status: statusOf(members.get('statusCode')), headers };
}

function responseOf(result: Uint8Array, isOwnOrigin: boolean): UrlResponse {
  const members = jsonMembers(result, RESPONSE_MEMBERS);
  if (members?.has('statusCode')) {
    return { ...responseHeadOf(members, isOwnOrigin), body: bodyOf(members) };
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
  const value = slice === undefined ? 200 : parseBounded(slice, 'statusCode');
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  if (typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new JsonScanError('statusCode is not a whole number from 200 to 599');
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function headersOf(slice: Buffer | undefined, isOwnOrigin: boolean): string[] {
  const value = slice === undefined ? null : parseBounded(slice, 'headers');
  if (value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value)) throw new JsonScanError('headers is not an object');
  const headers: string[] = [];
  for (const [name, one] of Object.entries(value)) {
    const lowerName = name.toLowerCase();
    if (one === null || !maySend(lowerName, isOwnOrigin)) continue;
    if (!NAME.test(name)) throw new JsonScanError(`the header name ${JSON.stringify(name)} has a wrong character`);
    if (lowerName === 'set-cookie') {
      for (const cookie of [one].flat()) headers.push(...cookieHeader(name, cookie));
      continue;
    }
    const text = Array.isArray(one) ? one.map((part) => textOf(part, name)).join(',') : textOf(one, name);
    if (!VALUE.test(text)) throw new JsonScanError(`the header ${name} has a character it may not have`);
    headers.push(name, text);
  }
  return headers;
}

function cookiesOf(slice: Buffer | undefined): string[] {
  const value = slice === undefined ? [] : (parseBounded(slice, 'cookies') ?? []);
  if (!Array.isArray(value)) throw new JsonScanError('cookies is not an array');
  return value.flatMap((cookie) => cookieHeader('set-cookie', cookie));
}

/**
 * A domain would carry the cookie to other functions or to the console's host. Without a domain it stays with this
 * host.
 */
const DOMAIN = /;[ \t]*domain[ \t]*=[^;]*/gi;

/**
 * Name and value of one header. Empty for a cookie of ours, which no function may set. Several cookies are several
 * headers.
 */
function cookieHeader(name: string, value: unknown): string[] {
  const cookie = textOf(value, 'set-cookie');
  if (!VALUE.test(cookie)) throw new JsonScanError('a cookie has a character it may not have');
  return isOwnCookie(cookie.split('=', 1)[0] ?? '') ? [] : [name, cookie.replace(DOMAIN, '')];
}

function bodyOf(members: Map<string, Buffer>): Buffer {
  const slice = members.get('body');
  const value = slice === undefined ? null : slice[0] === QUOTE ? parseSlice(slice) : parseBounded(slice, 'body');
  if (value === null) return EMPTY;
  if (typeof value !== 'string') throw new JsonScanError('body is not a string');
  const encoded = members.get('isBase64Encoded');
  const isBase64 = encoded !== undefined && parseBounded(encoded, 'isBase64Encoded') === true;
  return Buffer.from(value, isBase64 ? 'base64' : 'utf8');
}

function parseBounded(slice: Buffer, member: string): unknown {
  if (slice.length > HEAD_MAX_BYTES) throw new JsonScanError(`${member} has more than ${HEAD_MAX_BYTES} bytes`);
  return parseSlice(slice);
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'object') throw new JsonScanError(`the header ${name} is not a text`);
  return String(value);
}

function hasHeader(headers: string[], name: string): boolean {
  return headers.some((value, index) => index % 2 === 0 && value.toLowerCase() === name);
}
