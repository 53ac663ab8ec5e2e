import type { IncomingHttpHeaders } from 'node:http';

/** A request as the lane takes it: head and body in one chunk, nothing before and nothing behind. */
export interface WholeRequest {
  /** The head as text, so that an equal head is recognised. */
  head: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Where the body begins; it ends with the chunk. */
  bodyAt: number;
  /** Bytes of head and body. */
  length: number;
  /** The hash of the key in the head, for the next request with the same head. */
  readonly keyMemo: { digest: string | null };
}

/** node:http judges larger heads. */
const HEAD_MAX_BYTES = 4 * 1024;
const REQUEST_LINE = /^POST (\/[\x21-\x7e]*) HTTP\/1\.1$/;
/** RFC 9110 tokens less the characters no real header has; values without control characters, other bytes or outer blanks. */
const HEADER_LINE = /^([A-Za-z0-9-]+): ?([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;
const LENGTH = /^(?:0|[1-9]\d{0,6})$/;
/** With any of these headers a request means more than its bytes say. */
const NOT_ORDINARY = new Set(['transfer-encoding', 'expect', 'upgrade', 'te', 'trailer', 'http2-settings']);

/**
 * The one whole, ordinary request in a chunk, or null: then node:http shall read it. `last` is the request this connection
 * brought before; an equal head is not parsed again. Pure.
 */
export function readWholeRequest(chunk: Buffer, last: WholeRequest | null): WholeRequest | null {
  if (last !== null && repeats(chunk, last)) return last;
  const headEnd = chunk.indexOf('\r\n\r\n');
  if (headEnd === -1 || headEnd > HEAD_MAX_BYTES) return null;
  const bodyAt = headEnd + 4;
  const head = chunk.toString('latin1', 0, bodyAt);
  const lines = head.slice(0, headEnd).split('\r\n');
  const path = REQUEST_LINE.exec(lines[0]!)?.[1];
  if (path === undefined) return null;
  const headers = headersOf(lines);
  if (headers === null || headers['content-length'] !== String(chunk.length - bodyAt)) return null;
  return { head, path, headers, bodyAt, length: chunk.length, keyMemo: { digest: null } };
}

/** The head names its body's length, so an equal head in a chunk of equal length is the same request with another body. */
function repeats(chunk: Buffer, last: WholeRequest): boolean {
  return chunk.length === last.length && chunk.toString('latin1', 0, last.bodyAt) === last.head;
}

function headersOf(lines: string[]): IncomingHttpHeaders | null {
  // Without a prototype: a header may be called constructor.
  const headers: IncomingHttpHeaders = Object.create(null);
  for (let index = 1; index < lines.length; index++) {
    const match = HEADER_LINE.exec(lines[index]!);
    if (match === null) return null;
    const name = match[1]!.toLowerCase();
    if (NOT_ORDINARY.has(name) || headers[name] !== undefined) return null;
    headers[name] = match[2]!;
  }
  const { connection } = headers;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return null;
  return LENGTH.test(headers['content-length'] ?? '') ? headers : null;
}
