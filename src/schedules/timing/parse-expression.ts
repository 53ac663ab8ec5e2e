import { SCHEDULE_LIMITS } from '../../domain/schedule.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';

/** When a schedule ticks, as it was written. */
export type Expression =
  | {
      kind: 'cron';
      /** Six fields, second first; in `aws` a year follows and Sunday is 1. One space between fields. */
      pattern: string;
      dialect: 'unix' | 'aws';
    }
  | { kind: 'rate'; everyMs: number }
  /** One tick: an instant, or a wall-clock time in the schedule's zone (written as if it were UTC). */
  | { kind: 'at'; instantMs: number }
  | { kind: 'at'; localMs: number };

const CALL = /^(cron|rate|at)\s*\(\s*(.*?)\s*\)$/i;
const RATE = /^(\d{1,9})\s+(second|minute|hour|day|week)s?$/i;
const UNIT_MS: Record<string, number> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};
/** A longer rate could not be told from one that never comes. */
const RATE_MAX_MS = 366 * 86_400_000;
const TIME = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/i;
const NICKNAMES: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const UNIX_FIELDS = [5, 6];
const AWS_FIELDS = 6;
/** Numbers that are no weekday there; those after # and / count something else. */
const AWS_WEEKDAY_NUMBER = /(?<![#/\d])(?:0|8|9|\d{2,})/;

/**
 * Reads cron (5 fields, 6 with seconds first, or `@daily` and its kin), AWS's `cron(minute hour day month weekday year)`,
 * `rate(5 minutes)`, and `at(...)` or a bare time. Whether cron's fields hold what they may is for `tickSource` to say.
 * Throws `invalid_schedule`.
 */
export function parseExpression(text: string): Expression {
  const trimmed = text.trim();
  if (trimmed.length > SCHEDULE_LIMITS.expressionMaxChars)
    throw invalidSchedule(`has more than ${SCHEDULE_LIMITS.expressionMaxChars} characters`);
  const [, call, inner = ''] = CALL.exec(trimmed) ?? [];
  if (call?.toLowerCase() === 'rate') return parseRate(inner);
  if (call?.toLowerCase() === 'at') return parseTime(inner);
  if (call?.toLowerCase() === 'cron') return parseAwsCron(inner);
  return TIME.test(trimmed) ? parseTime(trimmed) : parseUnixCron(trimmed);
}

export function invalidSchedule(message: string): ColdframeError {
  return new ColdframeError('invalid_schedule', { errors: [{ path: '/expression', message }] });
}

function parseUnixCron(text: string): Expression {
  const pattern = NICKNAMES[text.toLowerCase()] ?? text;
  if (pattern.startsWith('@')) throw invalidSchedule(`knows ${Object.keys(NICKNAMES).join(', ')}, not ${text}`);
  const fields = pattern.split(/\s+/).filter((field) => field !== '');
  if (!UNIX_FIELDS.includes(fields.length)) {
    throw invalidSchedule(
      'takes cron with 5 fields (minute hour day month weekday) or 6 (second first), cron(...) as AWS writes it, rate(5 minutes), or at(2027-01-31T09:00:00)',
    );
  }
  if (fields.length === 5) fields.unshift('0');
  return { kind: 'cron', pattern: fields.join(' '), dialect: 'unix' };
}

function parseAwsCron(inner: string): Expression {
  const fields = inner.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== AWS_FIELDS)
    throw invalidSchedule('takes 6 fields in cron(...): minute hour day-of-month month day-of-week year');
  if ((fields[2] === '?') === (fields[4] === '?'))
    throw invalidSchedule('takes ? in exactly one of day-of-month and day-of-week of cron(...), as AWS does');
  if (AWS_WEEKDAY_NUMBER.test(fields[4] ?? ''))
    throw invalidSchedule('takes 1 (Sunday) to 7 (Saturday) or SUN to SAT as day-of-week of cron(...)');
  return { kind: 'cron', pattern: `0 ${fields.join(' ')}`, dialect: 'aws' };
}

function parseRate(inner: string): Expression {
  const [, count, unit = ''] = RATE.exec(inner) ?? [];
  const everyMs = Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 0);
  if (!(everyMs > 0 && everyMs <= RATE_MAX_MS))
    throw invalidSchedule('takes rate(n unit) with seconds, minutes, hours, days or weeks, up to 366 days');
  return { kind: 'rate', everyMs };
}

function parseTime(inner: string): Expression {
  const match = TIME.exec(inner);
  const offset = match?.[7];
  const text = match === null ? '' : match[0].slice(0, match[0].length - (offset?.length ?? 0)).replace(' ', 'T');
  const localMs = Date.parse(`${text}Z`);
  // Date.parse takes 31 February for 3 March.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(text.slice(0, 16)))
    throw invalidSchedule('takes a time as 2027-01-31T09:00:00, with Z or an offset such as +01:00 for an exact one');
  if (offset === undefined) return { kind: 'at', localMs: Math.floor(localMs / 1_000) * 1_000 };
  const instantMs = Date.parse(text + offset.toUpperCase());
  if (Number.isNaN(instantMs)) throw invalidSchedule(`has no offset ${offset}`);
  return { kind: 'at', instantMs };
}
