/** What clocks on the wall of a time zone show, from Intl. A wall-clock time is written as milliseconds, as if it were UTC. */
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Further away from a wall-clock time than any offset and any change of one, dates that were skipped whole included. */
const AROUND_MS = 40 * HOUR_MS;
/** Zones whose formats are kept; there are about 420. */
const FORMATS_MAX = 500;
const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds that the zone is ahead of UTC at an instant. */
export function offsetMs(timezone: string, atMs: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timezone).formatToParts(atMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / SECOND_MS) * SECOND_MS;
}

/** The first instant at which the wall shows that time; the end of the gap where it never does. Whole seconds. */
export function firstInstant(wallMs: number, timezone: string): number {
  let [low, high] = [wallMs - AROUND_MS, wallMs + AROUND_MS];
  const [before, after] = [offsetMs(timezone, low), offsetMs(timezone, high)];
  // The earlier of two is under the larger offset.
  for (const offset of [Math.max(before, after), Math.min(before, after)])
    if (offsetMs(timezone, wallMs - offset) === offset) return wallMs - offset;
  while (high - low > SECOND_MS) {
    const middle = low + Math.floor((high - low) / 2 / SECOND_MS) * SECOND_MS;
    if (offsetMs(timezone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(timezone);
  if (known !== undefined) return known;
  if (FORMATS.size >= FORMATS_MAX) FORMATS.clear();
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;
  const clock = { hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, calendar: 'iso8601', ...numeric, ...clock });
  FORMATS.set(timezone, format);
  return format;
}
