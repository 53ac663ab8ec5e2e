import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { MetricsQuery } from '../../telemetry-store.ts';
import { HOUR_MS, MINUTE_MS } from '../rollups/rollup-deltas.ts';
import { utcMs } from '../utc-ms.ts';

/** Points of one answer: more than any chart has pixels for. */
export const POINTS_MAX = 1_000;
/** How long rollups of each resolution are kept. */
export const MINUTES_KEPT_MS = 48 * HOUR_MS;
export const HOURS_KEPT_MS = 400 * 24 * HOUR_MS;

/** What a metrics query reads: `fromMs` and `toMs` on step boundaries, at one resolution. */
export interface MetricsWindow {
  fromMs: number;
  toMs: number;
  stepMs: number;
  resolutionMs: number;
}

/**
 * Steps are aligned to whole multiples of themselves since 1970 UTC. Where minutes are no longer kept, or whole hours are
 * asked for, hours are read, and a finer step is raised to whole hours (the answer's `stepMs` says so). `invalid_request`
 * for a step that is no multiple of a minute, a range that is empty, or more than 1,000 points.
 */
export function metricsWindow(query: MetricsQuery, nowMs: number): MetricsWindow {
  const from = utcMs(query.from, '/query/from');
  const to = utcMs(query.to, '/query/to');
  if (!Number.isInteger(query.stepMs / MINUTE_MS) || query.stepMs < MINUTE_MS) {
    throw invalid('/query/stepMs', 'must be a multiple of 60000');
  }
  if (to <= from) throw invalid('/query/to', 'must be later than from');
  const isMinutesKept = from >= nowMs - MINUTES_KEPT_MS;
  const isHours = query.stepMs % HOUR_MS === 0 || !isMinutesKept;
  const stepMs = isHours ? Math.ceil(query.stepMs / HOUR_MS) * HOUR_MS : query.stepMs;
  const points = Math.ceil((to - from) / stepMs);
  if (points > POINTS_MAX) throw invalid('/query/stepMs', `gives ${points} points; at most ${POINTS_MAX} are answered`);
  const toMs = Math.ceil(to / stepMs) * stepMs;
  // A range that starts within a step touches one step more than it is long.
  const fromMs = Math.max(Math.floor(from / stepMs) * stepMs, toMs - POINTS_MAX * stepMs);
  return { fromMs, toMs, stepMs, resolutionMs: isHours ? HOUR_MS : MINUTE_MS };
}

function invalid(path: string, message: string): ColdframeError {
  return new ColdframeError('invalid_request', { errors: [{ path, message }] });
}
