/** What is known of a body or result in motion; times are monotonic milliseconds. */
export interface Moving {
  readonly party: { readonly isTrusted: boolean };
  /** When something last arrived. For a result: when its pace was last looked at. */
  readonly movedAtMs: number;
  readonly windowBeganAtMs: number;
  /** Bytes that moved in this window. */
  readonly windowMovedBytes: number;
  /** Bytes per millisecond of the window before. Null in the first window. */
  readonly paceBefore: number | null;
}

/** The one that asks for room because more of it has just come. */
export interface Asking<T> {
  readonly one: T;
  /** Bytes that have come and are not counted yet. */
  readonly bytes: number;
}

/** A pause longer than any network makes between two packets counts as standing still. */
const STILL_MS = 250;
/** So long a window tells more than the window before it. */
const TELLING_MS = 1_000;
/**
 * A body's first packets come at once, so the time they took tells nothing. With much more than this, whoever comes later
 * would look slower than everybody who came earlier.
 */
const FIRST_PACKETS_MS = 100;

/**
 * Who is cut first when there is no room: strangers before callers with a key, and then whoever is slowest now. Null
 * when there is nobody. `asking`, if any, is among `all`.
 */
export function slowestOf<T extends Moving>(all: readonly T[], nowMs: number, asking: Asking<T> | null): T | null {
  let slowest: T | null = null;
  let slowestPace = 0;
  for (const one of all) {
    const pace = one === asking?.one ? movingPaceOf(one, nowMs, asking.bytes) : paceOf(one, nowMs);
    const isTrustedLikeSlowest = one.party.isTrusted === slowest?.party.isTrusted;
    const goesBefore = slowest === null || (isTrustedLikeSlowest ? pace < slowestPace : !one.party.isTrusted);
    if (!goesBefore) continue;
    slowest = one;
    slowestPace = pace;
  }
  return slowest;
}

function paceOf(one: Moving, nowMs: number): number {
  const stillMs = nowMs - one.movedAtMs;
  // Negative, so that the one that has stood still longest is cut first.
  return stillMs > STILL_MS ? -stillMs : movingPaceOf(one, nowMs, 0);
}

function movingPaceOf({ windowBeganAtMs, windowMovedBytes, paceBefore }: Moving, nowMs: number, more: number): number {
  const windowMs = nowMs - windowBeganAtMs;
  if (paceBefore !== null && windowMs < TELLING_MS) return paceBefore;
  return (windowMovedBytes + more) / (windowMs + FIRST_PACKETS_MS);
}
