import { formatDuration } from './figures.ts';

const RELATIVE_MAX_MS = 7 * 24 * 60 * 60_000;
const JUST_NOW_MS = 5_000;

/** 12 s ago, 3 h ago; a date once that says more. The future (schedules) reads `in 4 min`. */
export function formatRelative(at: string, nowMs: number): string {
  const ageMs = nowMs - Date.parse(at);
  if (Math.abs(ageMs) > RELATIVE_MAX_MS) return formatDate(at);
  if (Math.abs(ageMs) < JUST_NOW_MS) return 'just now';
  const [amount = ''] = formatDuration(Math.floor(Math.abs(ageMs) / 1_000) * 1_000).split(' ');
  return ageMs >= 0 ? `${amount} ago` : `in ${amount}`;
}

/** 2026-11-25 19:25:41, in the reader's own zone. */
export function formatInstant(at: string): string {
  const date = new Date(at);
  return `${formatDate(at)} ${date.toLocaleTimeString('en-GB')}`;
}

/** 19:25:41.123, for logs and phases. */
export function formatClock(at: string): string {
  const date = new Date(at);
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export function formatDate(at: string): string {
  const date = new Date(at);
  const month = String(date.getMonth() + 1).padStart(2, '0');
  return `${date.getFullYear()}-${month}-${String(date.getDate()).padStart(2, '0')}`;
}
