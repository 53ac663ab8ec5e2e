/** A time as it is stored. */
export function toMs(time: string): number {
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw new TypeError('not a time that can be stored');
  return ms;
}

export function toMsOrNull(time: string | null): number | null {
  return time === null ? null : toMs(time);
}

/** A stored time as the rest of the server speaks of it: RFC 3339, UTC. */
export function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function toTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : toTime(ms);
}
