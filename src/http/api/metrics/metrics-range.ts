import { instantOf, queryError, spanMsOf } from '../../serving/queries/time-query.ts';

/** Largest number of points of one answer. A year by the minute would be half a million. */
const POINTS_MAX = 1_500;
const MINUTE_MS = 60_000;
const DEFAULT_WINDOW_MS = 60 * MINUTE_MS;
/** The steps to choose from when none is asked for. The first one that keeps a chart readable is taken. */
const STEPS_MS = [1, 5, 15, 60, 360, 1_440].map((minutes) => minutes * MINUTE_MS);
const CHART_POINTS = 180;

export interface MetricsRangeQuery {
  from?: string;
  to?: string;
  stepMs?: number;
  window?: string;
  step?: string;
}

/** From, to and step of a metrics query, with defaults: the last hour by the minute. Throws `invalid_request`. */
export function metricsRange(query: MetricsRangeQuery, nowMs: number): { from: string; to: string; stepMs: number } {
  if (query.window !== undefined && (query.from !== undefined || query.to !== undefined)) {
    throw queryError('window', 'goes without from and to');
  }
  if (query.step !== undefined && query.stepMs !== undefined) throw queryError('step', 'goes without stepMs');
  const to = instantOf('to', query.to) ?? new Date(nowMs).toISOString();
  const windowMs = query.window === undefined ? DEFAULT_WINDOW_MS : spanMsOf('window', query.window);
  const from = instantOf('from', query.from) ?? new Date(Date.parse(to) - windowMs).toISOString();
  const spanMs = Date.parse(to) - Date.parse(from);
  if (spanMs <= 0) throw queryError('from', 'must be before to');
  const stepMs = query.step === undefined ? (query.stepMs ?? stepFor(spanMs)) : spanMsOf('step', query.step);
  if (stepMs < MINUTE_MS) throw queryError('step', 'must be at least one minute');
  if (spanMs / stepMs > POINTS_MAX) throw queryError('stepMs', `gives more than ${POINTS_MAX} points`);
  return { from, to, stepMs };
}

function stepFor(spanMs: number): number {
  return STEPS_MS.find((stepMs) => spanMs / stepMs <= CHART_POINTS) ?? Math.ceil(spanMs / CHART_POINTS);
}
