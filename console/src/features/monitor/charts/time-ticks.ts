const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  5 * DAY_MS,
  10 * DAY_MS,
];

export interface TimeTick {
  atMs: number;
  label: string;
}

/** Round times in the reader's own zone within the range, at most `count` of them; at midnight and beyond days, the date. */
export function timeTicks(fromMs: number, toMs: number, count: number): TimeTick[] {
  const stepMs = STEPS_MS.find((step) => (toMs - fromMs) / step <= count) ?? STEPS_MS.at(-1)!;
  const offsetMs = new Date(fromMs).getTimezoneOffset() * MINUTE_MS;
  const ticks: TimeTick[] = [];
  for (let atMs = Math.ceil((fromMs - offsetMs) / stepMs) * stepMs + offsetMs; atMs <= toMs; atMs += stepMs) {
    ticks.push({ atMs, label: labelOf(atMs, stepMs) });
  }
  return ticks;
}

function labelOf(atMs: number, stepMs: number): string {
  const date = new Date(atMs);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (stepMs >= DAY_MS || isMidnight) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}
