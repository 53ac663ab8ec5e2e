/**
 * What cron should do, minute by minute and without cleverness: it knows wall clocks from Intl alone. For patterns of numbers,
 * lists, ranges, steps and names of weekdays, with 5 fields or 6.
 */
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

export interface ClockChange {
  timezone: string;
  /** The first instant of the new offset. */
  atMs: number;
  shiftMs: number;
}

/**
 * Every change of any zone's offset between two instants. Zones that change alike (same instant, same offsets) are one entry:
 * cron sees wall clocks only.
 */
export function clockChanges(fromMs: number, toMs: number): ClockChange[] {
  const changes = new Map<string, ClockChange>();
  for (const timezone of [...Intl.supportedValuesOf('timeZone'), 'UTC']) {
    let beforeMs = offsetMs(timezone, fromMs);
    for (let day = fromMs; day < toMs; day += DAY_MS) {
      const afterMs = offsetMs(timezone, day + DAY_MS);
      if (afterMs === beforeMs) continue;
      let [low, high] = [day, day + DAY_MS];
      while (high - low > MINUTE_MS) {
        const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
        if (offsetMs(timezone, middle) === beforeMs) low = middle;
        else high = middle;
      }
      const change = { timezone, atMs: high, shiftMs: afterMs - beforeMs };
      changes.set(`${high}/${beforeMs}/${afterMs}`, change);
      beforeMs = afterMs;
    }
  }
  return [...changes.values()];
}

/** Ticks from `fromMs` on, before `toMs`; `fromMs` must be more than the longest shift away from a change. */
export function bruteForceTicks(pattern: string, timezone: string, fromMs: number, toMs: number): number[] {
  const fields = pattern.split(' ');
  const [second = '0'] = fields.length === 6 ? fields.splice(0, 1) : [];
  const isFixed = ![second, ...fields.slice(0, 2)].some((field) => /[*/]/.test(field));
  const ticks = new Set<number>();
  const seen = new Set<string>();
  // Begins early, so that a time which comes twice is known at its second occurrence.
  const beginMs = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS - 4 * 60 * MINUTE_MS;
  let lastWallMs = wallMs(timezone, beginMs) - MINUTE_MS;
  for (let at = beginMs; at < toMs; at += MINUTE_MS) {
    const wall = wallMs(timezone, at);
    if (isFixed) {
      for (let skipped = lastWallMs + MINUTE_MS; skipped < wall; skipped += MINUTE_MS)
        if (matches(fields, skipped)) ticks.add(at);
      if (matches(fields, wall) && !seen.has(String(wall))) ticks.add(at + Number(second) * 1_000);
      seen.add(String(wall));
    } else if (matches(fields, wall)) ticks.add(at + Number(second) * 1_000);
    lastWallMs = wall;
  }
  return [...ticks].filter((ms) => ms >= fromMs && ms < toMs).sort((a, b) => a - b);
}

/** Minute, hour, day, month and weekday. Days of the month are `*` in every pattern of the tests. */
function matches([minute = '*', hour = '*', , , weekday = '*']: string[], wall: number): boolean {
  const date = new Date(wall);
  return (
    inField(minute, date.getUTCMinutes(), 59) &&
    inField(hour, date.getUTCHours(), 23) &&
    isDay(weekday, date.getUTCDay())
  );
}

function isDay(field: string, day: number): boolean {
  return field === '*' || WEEKDAYS[day] === field;
}

function inField(field: string, value: number, max: number): boolean {
  return field.split(',').some((part) => {
    const [range = '*', step = '1'] = part.split('/');
    const [low, high = low] = range === '*' ? [0, max] : range.split('-').map(Number);
    return value >= low! && value <= high! && (value - low!) % Number(step) === 0;
  });
}

const WALLS = new Map<string, number>();

/** The wall clock of a zone, as if it were UTC. Kept, because every pattern asks for the same minutes. */
function wallMs(timezone: string, atMs: number): number {
  const key = `${timezone}/${atMs}`;
  const known = WALLS.get(key);
  if (known !== undefined) return known;
  const wall = atMs + offsetMs(timezone, atMs);
  WALLS.set(key, wall);
  return wall;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function offsetMs(timezone: string, atMs: number): number {
  let format = FORMATS.get(timezone);
  if (format === undefined) {
    const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, hourCycle: 'h23', ...numeric });
    FORMATS.set(timezone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(parts.year!, parts.month! - 1, parts.day!, parts.hour!, parts.minute!);
  return wall - Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}
