import { ColdframeError } from '../../../errors/coldframe-error.ts';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An RFC 3339 time as the store compares it: UTC with milliseconds. Throws `invalid_request`. */
export function instantOf(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const at = RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw queryError(name, 'must be an RFC 3339 time such as 2026-01-31T12:00:00Z');
  return new Date(at).toISOString();
}

/** `90s`, `1m`, `12h`, `7d` in milliseconds. Throws `invalid_request`. */
export function spanMsOf(name: string, value: string): number {
  const match = /^(\d{1,6})(s|m|h|d)$/.exec(value);
  const spanMs = match ? Number(match[1]) * (UNITS_MS[match[2] as string] as number) : 0;
  if (spanMs <= 0) throw queryError(name, 'must be a span such as 30s, 5m, 12h or 7d');
  return spanMs;
}

export function queryError(name: string, message: string): ColdframeError {
  return new ColdframeError('invalid_request', { errors: [{ path: `/query/${name}`, message }] });
}
