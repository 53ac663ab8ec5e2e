/** What is known of a body or result in motion; times are monotonic milliseconds. */
export interface Moving {
  readonly party: { readonly isTrusted: boolean };
  /** When something last arrived. For a result: when its pace was last looked at. */
  readonly movedAtMs: number;
  readonly windowBeganAtMs: number;
  /** Bytes that moved in this window. */
  readonly windowMovedBytes: number;
}

/** A pause longer than any network makes between two packets counts as standing still. */
const STILL_MS = 250;
/** The first second of a window tells little, so every window counts as at least one second. */
const GRACE_MS = 1_000;

/**
 * Who is cut first when there is no room: strangers before callers with a key, and then whoever is slowest now. Null
 * when there is nobody.
 */
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
  // Negative, so that the one that has stood still longest is cut first.
  return stillMs > STILL_MS ? -stillMs : windowMovedBytes / (nowMs - windowBeganAtMs + GRACE_MS);
}
