/** Figures as text: at most three digits that mean something, a unit always, `–` for what was not measured. */
export const UNKNOWN = '–';
const NBSP = '\u00a0';
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

type Maybe = number | null | undefined;

/** 0.41 ms, 3.2 ms, 312 ms, 4.2 s, 2 min 5 s, 3 h 4 min, 2 d 3 h. */
export function formatDuration(ms: Maybe): string {
  if (!isKnown(ms)) return UNKNOWN;
  if (ms < SECOND_MS) return `${digits(ms)}${NBSP}ms`;
  if (ms < MINUTE_MS) return `${digits(ms / SECOND_MS)}${NBSP}s`;
  if (ms < HOUR_MS) return pair(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 512 B, 4.2 KiB, 128 MiB. */
export function formatBytes(bytes: Maybe): string {
  if (!isKnown(bytes)) return UNKNOWN;
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 ? String(Math.round(value)) : digits(value)}${NBSP}${BYTE_UNITS[unit]}`;
}

/** Of a figure in MiB, as the API gives memory. */
export function formatMemory(mib: Maybe): string {
  return isKnown(mib) ? formatBytes(mib * 1_024 * 1_024) : UNKNOWN;
}

/** 0, 999, 12.3k, 1.2M. */
export function formatCount(count: Maybe): string {
  if (!isKnown(count)) return UNKNOWN;
  if (count < 10_000) return Math.round(count).toLocaleString('en');
  return count < 999_500 ? `${digits(count / 1_000)}k` : `${digits(count / 1_000_000)}M`;
}

/** 0/min, 0.2/min, 48/min. */
export function formatPerMinute(perMinute: Maybe): string {
  if (!isKnown(perMinute)) return UNKNOWN;
  return `${perMinute < 10 ? digits(perMinute) : formatCount(perMinute)}/min`;
}

/** Of a share between 0 and 1: 0%, 0.4%, 12%. What is not quite nothing never reads 0%. */
export function formatPercent(share: Maybe): string {
  if (!isKnown(share)) return UNKNOWN;
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return '<0.1%';
  return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)}%`;
}

function isKnown(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function digits(value: number): string {
  if (value === 0) return '0';
  if (value < 10) return String(Number(value.toFixed(value < 1 ? 2 : 1)));
  return String(value < 100 ? Number(value.toFixed(1)) : Math.round(value));
}

function pair(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  const head = `${whole}${NBSP}${largeUnit}`;
  return rest === 0 ? head : `${head} ${rest}${NBSP}${smallUnit}`;
}
