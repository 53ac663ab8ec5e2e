import { ColdframeError } from '../../errors/coldframe-error.ts';

/** A time of a query in the one form the tables hold, so that texts compare as times; `invalid_request` naming `path`. */
export function utcText(time: string, path: string): string {
  return new Date(utcMs(time, path)).toISOString();
}

/** The same in milliseconds since 1970. */
export function utcMs(time: string, path: string): number {
  const ms = Date.parse(time);
  if (Number.isNaN(ms))
    throw new ColdframeError('invalid_request', { errors: [{ path, message: 'must be an RFC 3339 time' }] });
  return ms;
}
