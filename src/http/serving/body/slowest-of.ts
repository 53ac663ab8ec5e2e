/** What is known of a body or result in motion; times are monotonic milliseconds. */
export interface Moving {
  readonly party: { readonly isTrusted: boolean };
  /** When something last arrived; for a result, when its pace was last looked at. */
  readonly movedAtMs: number;
  readonly windowBeganAtMs: number;
  /** What moved in this window. */
  readonly windowMovedBytes: number;
}

/** Whoever pauses longer than any network between two packets counts as standing still. */
const STILL_MS = 250;
/** The first second of a window tells little, so it counts as a whole one. */
const GRACE_MS = 1_000;

/** Who goes first where there is no room: strangers before callers with a key, then whoever is slowest now. Null of none. */
export function slowestOf<T extends Moving>(all: readonly T[], nowMs: number): T | null {
  let slowest: T | null = null;
  for (const one of all) if (slowest === null || goesBefore(one, slowest, nowMs)) slowest = one;
  return slowest;
}

function goesBefore(one: Moving, other: Moving, nowMs: number): boolean {
  if (one.party.isTrusted !== other.party.isTrusted) return !one.party.isTrusted;
  return paceOf(one, nowMs) < paceOf(other, nowMs);
}

function paceOf({ movedAtMs, windowBeganAtMs, windowMovedBytes }: Moving, nowMs: number): number {
  const stillMs = nowMs - movedAtMs;
  // Negative, so that the one that has stood still longest goes first.
  return stillMs > STILL_MS ? -stillMs : windowMovedBytes / (nowMs - windowBeganAtMs + GRACE_MS);
}
