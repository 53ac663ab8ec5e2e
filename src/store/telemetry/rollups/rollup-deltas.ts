import type { AttemptRecord, InvocationRecord } from '../../../domain/invocation.ts';
import type { Isolation, Outcome, Start } from '../../../domain/names.ts';
import type { RefusalCount } from '../../telemetry-store.ts';
import { msOf } from '../utc-ms.ts';
import { bucketOf } from './histogram.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** The transaction that stores the records keeps both up to date. */
export const RESOLUTIONS_MS = [MINUTE_MS, HOUR_MS] as const;

/** What tells one series of rollups from another. */
export interface SeriesKey {
  workspaceId: string;
  functionId: string;
  isolation: Isolation | '';
  start: Start | '';
  outcome: Outcome;
}

/** What a batch adds to one rollup row. */
export interface RollupDelta {
  series: SeriesKey;
  resolutionMs: number;
  atMs: number;
  invocations: number;
  attempts: number;
  cpuMs: number;
  cpuAttempts: number;
  maxMemoryMib: number | null;
  buckets: Map<number, number>;
}

/**
 * Adds a batch up in memory, so that 500 records of one function touch a handful of rollup rows. Durations and outcomes
 * are counted by attempt, in the minute the attempt started; the invocation itself is counted once, with its first attempt.
 * Drafts that were only tried are in no chart: what somebody tries says nothing of the function.
 */
export class RollupDeltas {
  /** Kept by function: building texts to look them up by would cost more than the few comparisons. */
  readonly #deltas = new Map<string, RollupDelta[]>();

  /** Counts volume: an invocation counts when it is first stored, with the attempt that came with it. */
  addInvocation(record: InvocationRecord): void {
    if (record.trigger === 'try') return;
    const first = record.attempts[0];
    const series = first === undefined ? seriesWithoutAttempt(record) : seriesOf(record, first);
    this.#each(series, msOf(first?.startedAt ?? record.startedAt), (delta) => {
      delta.invocations++;
    });
  }

  /** Counts durations and outcomes. */
  addAttempt(record: InvocationRecord, attempt: AttemptRecord): void {
    if (record.trigger === 'try') return;
    this.#each(seriesOf(record, attempt), msOf(attempt.startedAt), (delta) => addAttempt(delta, attempt));
  }

  addRefusal(refusal: RefusalCount): void {
    const { workspaceId, functionId, isolation, outcome, count } = refusal;
    const series: SeriesKey = { workspaceId, functionId, isolation: isolation ?? '', start: '', outcome };
    this.#each(series, msOf(refusal.minute), (delta) => {
      delta.attempts += count;
    });
  }

  *values(): Iterable<RollupDelta> {
    for (const deltas of this.#deltas.values()) yield* deltas;
  }

  #each(series: SeriesKey, timeMs: number, add: (delta: RollupDelta) => void): void {
    let deltas = this.#deltas.get(series.functionId);
    if (deltas === undefined) {
      deltas = [];
      this.#deltas.set(series.functionId, deltas);
    }
    for (const resolutionMs of RESOLUTIONS_MS) {
      const atMs = Math.floor(timeMs / resolutionMs) * resolutionMs;
      let delta = deltas.find(
        (one) => one.atMs === atMs && one.resolutionMs === resolutionMs && isSameSeries(one.series, series),
      );
      if (delta === undefined) {
        delta = emptyDelta(series, resolutionMs, atMs);
        deltas.push(delta);
      }
      add(delta);
    }
  }
}

function seriesOf(record: InvocationRecord, attempt: AttemptRecord): SeriesKey {
  const { workspaceId, functionId } = record;
  const isolation = attempt.receipt?.isolation ?? record.isolation ?? '';
  return { workspaceId, functionId, isolation, start: attempt.start ?? '', outcome: attempt.outcome };
}

/** An invocation that ended before anything ran was cancelled. */
function seriesWithoutAttempt({ workspaceId, functionId, isolation, outcome }: InvocationRecord): SeriesKey {
  return { workspaceId, functionId, isolation: isolation ?? '', start: '', outcome: outcome ?? 'cancelled' };
}

function isSameSeries(a: SeriesKey, b: SeriesKey): boolean {
  return (
    a.outcome === b.outcome &&
    a.start === b.start &&
    a.isolation === b.isolation &&
    a.functionId === b.functionId &&
    a.workspaceId === b.workspaceId
  );
}

/** A series as one text, for use as a map's key. */
export function seriesText(series: SeriesKey): string {
  return `${series.workspaceId} ${series.functionId} ${series.isolation} ${series.start} ${series.outcome}`;
}

function emptyDelta(series: SeriesKey, resolutionMs: number, atMs: number): RollupDelta {
  const buckets = new Map<number, number>();
  return {
    series,
    resolutionMs,
    atMs,
    invocations: 0,
    attempts: 0,
    cpuMs: 0,
    cpuAttempts: 0,
    maxMemoryMib: null,
    buckets,
  };
}

function addAttempt(delta: RollupDelta, attempt: AttemptRecord): void {
  const { cpuMs, maxMemoryMib } = attempt.usage;
  delta.attempts++;
  if (cpuMs !== null) {
    delta.cpuMs += cpuMs;
    delta.cpuAttempts++;
  }
  if (maxMemoryMib !== null) delta.maxMemoryMib = Math.max(delta.maxMemoryMib ?? 0, maxMemoryMib);
  const bucket = bucketOf(attempt.phases.totalMs);
  delta.buckets.set(bucket, (delta.buckets.get(bucket) ?? 0) + 1);
}
