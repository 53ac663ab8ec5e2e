import { ColdframeError } from '../../errors/coldframe-error.ts';

/** A time of a query in milliseconds since 1970, as the tables hold times; `invalid_request` naming `path`. */
export function utcMs(time: string, path: string): number {
  const ms = Date.parse(time);
  if (Number.isNaN(ms))
    throw new ColdframeError('invalid_request', { errors: [{ path, message: 'must be an RFC 3339 time' }] });
  return ms;
}

let lastText = '';
let lastMs = 0;

/** A time of our own in milliseconds since 1970. The times of a record are mostly one and the same text. */
export function msOf(text: string): number {
  if (text !== lastText) {
    lastMs = Date.parse(text);
    lastText = text;
  }
  return lastMs;
}
