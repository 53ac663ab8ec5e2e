import type { ProbeResult } from '../contract/driver.ts';
import type { Isolation } from '../domain/names.ts';
import type { RuntimeId } from '../domain/runtimes.ts';

/** Trials that came after the one that worked and did not. */
export interface Doubt {
  /** Trials that found no time to end. They are no evidence against the isolation. */
  slow: number;
  /** Trials that ended and failed. */
  failed: number;
  /** When the first of the failed ended, in the caller's milliseconds; null while none failed. */
  failingSinceMs: number | null;
  detail: string;
}

/** What is known of one isolation. The newest probe that tells something stands in it, for people and for `runtimes`. */
export type IsolationState =
  | { kind: 'unknown' }
  | { kind: 'preparing'; probe: ProbeResult }
  | { kind: 'usable'; probe: ProbeResult; doubt: Doubt | null }
  | { kind: 'unusable'; probe: ProbeResult };

/** So many failed trials in a row make a usable isolation unusable, */
export const FAILURES_MAX = 3;
/** but only when they spread over so long: three presses of a button in one bad second are one observation. */
export const FAILING_MIN_MS = 10_000;

/** While something is being prepared its end is looked for this often; a probe of that kind is cheap. */
const PREPARING_PROBE_MS = 1_000;
/** What is not running, not there at all, or had no time is looked at this often, so that it comes back by itself. */
const MISSING_PROBE_MS = 5_000;
/** Permissions and restrictions seldom change while the server runs, and their probe may cost a container. */
const UNUSABLE_PROBE_MS = 60_000;
/** A usable isolation in doubt is tried again after this, then after twice as long, and so on. */
const DOUBT_PROBE_MS = 5_000;
const DOUBT_PROBE_MAX_MS = 60_000;

/**
 * Pure: what a probe that ended at `nowMs` changes. A usable isolation stays usable until a definite answer (nothing there,
 * nothing running, not permitted) or until trials have failed again and again. A trial that was only slow never makes it unusable.
 * `lookAgainMs` is when to probe next, null for never.
 */
export function afterProbe(
  state: IsolationState,
  probe: ProbeResult,
  nowMs: number,
): { state: IsolationState; lookAgainMs: number | null } {
  if (probe.state === 'usable') return { state: { kind: 'usable', probe, doubt: null }, lookAgainMs: null };
  if (probe.state === 'preparing') return { state: { kind: 'preparing', probe }, lookAgainMs: PREPARING_PROBE_MS };
  if (probe.state === 'absent' || probe.state === 'not_running')
    return { state: { kind: 'unusable', probe }, lookAgainMs: MISSING_PROBE_MS };
  if (probe.state === 'no_permission') return { state: { kind: 'unusable', probe }, lookAgainMs: UNUSABLE_PROBE_MS };
  if (state.kind === 'usable') return doubted(state, probe, nowMs);
  if (probe.state === 'busy') {
    const kind = state.kind === 'unusable' ? 'unusable' : 'preparing';
    return { state: { kind, probe }, lookAgainMs: MISSING_PROBE_MS };
  }
  return { state: { kind: 'unusable', probe }, lookAgainMs: UNUSABLE_PROBE_MS };
}

function doubted(
  { probe: worked, doubt }: Extract<IsolationState, { kind: 'usable' }>,
  probe: ProbeResult,
  nowMs: number,
): { state: IsolationState; lookAgainMs: number } {
  const isSlow = probe.state === 'busy';
  const next: Doubt = {
    slow: (doubt?.slow ?? 0) + (isSlow ? 1 : 0),
    failed: (doubt?.failed ?? 0) + (isSlow ? 0 : 1),
    failingSinceMs: doubt?.failingSinceMs ?? (isSlow ? null : nowMs),
    detail: probe.detail,
  };
  const failingMs = nowMs - (next.failingSinceMs ?? nowMs);
  if (next.failed >= FAILURES_MAX && failingMs >= FAILING_MIN_MS)
    return { state: { kind: 'unusable', probe }, lookAgainMs: UNUSABLE_PROBE_MS };
  const lookAgainMs = Math.min(DOUBT_PROBE_MAX_MS, DOUBT_PROBE_MS * 2 ** Math.min(10, next.slow + next.failed - 1));
  return { state: { kind: 'usable', probe: worked, doubt: next }, lookAgainMs };
}

/** Runtimes that sandboxes of it can be made for now. */
export function runtimesOf(state: IsolationState): readonly RuntimeId[] {
  return state.kind === 'unknown' ? [] : state.probe.runtimes;
}

/** What people are shown; null before the first probe. A usable isolation in doubt is busy, and goes on with what it offers. */
export function shownProbe(state: IsolationState): ProbeResult | null {
  if (state.kind === 'unknown') return null;
  if (state.kind !== 'usable' || state.doubt === null) return state.probe;
  const { slow, failed, detail } = state.doubt;
  const told = `${slow + failed} trial(s) since the last good one: ${failed} failed, ${slow} had no time to end.`;
  return {
    ...state.probe,
    state: 'busy',
    detail: `${state.probe.detail} What runs under it goes on. ${told} ${detail}`,
    fix: null,
  };
}

/** What deploys and calls are told of it. One that has not been probed yet is being prepared. */
export function answerOf({ kind }: IsolationState): 'usable' | 'preparing' | 'unusable' {
  return kind === 'unknown' ? 'preparing' : kind;
}

/** Why new functions are kept from it, with what mends that; null when they are not. */
export function weaknessOf(isolation: Isolation, state: IsolationState): string | null {
  if (state.kind !== 'usable' || state.probe.refusesNew === undefined) return null;
  return `New functions are kept from ${isolation}: ${state.probe.refusesNew}. Upgrade it, or start the server with COLDFRAME_KNOWN_WEAK=allow.`;
}
