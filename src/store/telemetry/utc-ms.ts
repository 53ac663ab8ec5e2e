import { ColdframeError } from '../../errors/coldframe-error.ts';

/** A time of a query in milliseconds since 1970, as the tables hold times; `invalid_request` naming `path`. */
export function utcMs(time: string, path: string): number {
  const ms = Date.parse(time);
  if (Number.isNaN(ms))
    throw new ColdframeError('invalid_request', { errors: [{ path, message: 'must be an RFC 3339 time' }] });
  return ms;
}
