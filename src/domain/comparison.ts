import type { EnforcedLimits } from './invocation.ts';
import type { Isolation, RuntimeId, Start } from './names.ts';

/** Where a comparison stands. `interrupted`: the server stopped or died meanwhile; what was measured until then is kept. */
export const COMPARISON_STATES = ['running', 'finished', 'cancelled', 'interrupted'] as const;
export type ComparisonState = (typeof COMPARISON_STATES)[number];

/**
 * Where one isolation of it stands. `skipped`: never tried, `reason` says why. `cut`: its time ran out. `failed`: too many calls
 * in a row failed or no sandbox could be made. `stopped`: the whole comparison ended before it was done.
 */
export const COMPARED_STATES = ['waiting', 'running', 'done', 'skipped', 'cut', 'failed', 'stopped'] as const;
export type ComparedState = (typeof COMPARED_STATES)[number];

/** The calls of one kind of start. Figures are of the calls that went well, from the start's beginning to the reply; null: none. */
export interface ComparedStart {
  start: Start;
  calls: number;
  failed: number;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  /** Of the handler's call, median. */
  cpuMs: number | null;
  /** The highest peak. */
  maxMemoryMib: number | null;
}

export interface ComparedIsolation {
  isolation: Isolation;
  state: ComparedState;
  /** Why it was skipped, cut, stopped or failed; null otherwise. */
  reason: string | null;
  driver: string | null;
  fence: string | null;
  enforced: EnforcedLimits | null;
  starts: ComparedStart[];
  /** The first failed call: its catalogue code and the function's own error. */
  failure: { code: string; errorType: string | null; errorMessage: string | null } | null;
}

/** The same revision of a function, run the same number of times under several isolations, one after another. */
export interface Comparison {
  id: string;
  workspaceId: string;
  functionId: string;
  functionName: string;
  revisionId: string;
  runtime: RuntimeId;
  state: ComparisonState;
  /** Calls of each kind of start per isolation. */
  count: number;
  timeLimitMs: number;
  callsDone: number;
  callsTotal: number;
  createdAt: string;
  finishedAt: string | null;
  isolations: ComparedIsolation[];
}

/** Bounds of a comparison: calls of each start, and milliseconds for one isolation. */
export const COMPARISON_LIMITS = {
  count: { min: 1, max: 100, default: 10 },
  timeLimitMs: { min: 1_000, max: 600_000, default: 120_000 },
  /** Kept per function, the newest. */
  keptMax: 50,
} as const;

/** Pure: what is left of one that nobody works at any more. */
export function asInterrupted(comparison: Comparison, at: string): Comparison {
  const isolations = comparison.isolations.map((one) =>
    one.state === 'waiting' || one.state === 'running' ? { ...one, state: 'stopped' as const } : one,
  );
  return { ...comparison, isolations, state: 'interrupted', finishedAt: at };
}
