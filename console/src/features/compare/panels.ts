import { STARTS } from '../../../../src/domain/names.ts';
import { formatDuration, formatMemory } from '../../shared/format/figures.ts';
import type { ComparedIsolation } from './use-comparisons.ts';

/** One isolation's bar: lengths are shares of the panel's widest value. */
export interface Bar {
  isolation: string;
  /** p50, or the one figure there is; null: none. */
  main: number | null;
  /** p95 and p99, where the panel has them. */
  reach: number | null;
  mark: number | null;
  text: string;
  /** The whole in words, for who does not see the bar. */
  label: string;
}

export interface Panel {
  id: string;
  title: string;
  hint: string;
  bars: Bar[];
}

const HINTS = {
  cold: 'from making a sandbox to the reply',
  claimed: 'from loading the code into a ready sandbox to the reply',
  warm: 'from the call to the reply',
} as const;

/** Pure: what is drawn of a comparison. Each panel has a scale of its own, since a warm call is a thousandth of a cold one. */
export function panelsOf(isolations: readonly ComparedIsolation[]): Panel[] {
  const shown = isolations.filter(({ starts }) => starts.length > 0);
  if (shown.length === 0) return [];
  return [
    ...STARTS.map((start) => latencies(start, shown)),
    single('cpu', 'CPU of a warm call', 'median', shown, (one) => startOf(one, 'warm')?.cpuMs ?? null, formatDuration),
    single('memory', 'Peak memory', 'the highest of all calls', shown, peakOf, formatMemory),
  ];
}

function latencies(start: (typeof STARTS)[number], shown: readonly ComparedIsolation[]): Panel {
  const figures = shown.map((one) => startOf(one, start));
  const widest = Math.max(...figures.map((one) => one?.p99Ms ?? 0));
  const bars = shown.map(({ isolation }, at) => {
    const { p50Ms = null, p95Ms = null, p99Ms = null } = figures[at] ?? {};
    const [p50, p95, p99] = [p50Ms, p95Ms, p99Ms].map(formatDuration);
    return {
      isolation,
      main: share(p50Ms, widest),
      reach: share(p95Ms, widest),
      mark: share(p99Ms, widest),
      text: p50 ?? '',
      label: p50Ms === null ? `${isolation}: no calls` : `${isolation}: p50 ${p50}, p95 ${p95}, p99 ${p99}`,
    };
  });
  return { id: start, title: `${start[0]?.toUpperCase()}${start.slice(1)} start`, hint: HINTS[start], bars };
}

function single(
  id: string,
  title: string,
  hint: string,
  shown: readonly ComparedIsolation[],
  figureOf: (one: ComparedIsolation) => number | null,
  format: (value: number | null) => string,
): Panel {
  const figures = shown.map(figureOf);
  const widest = Math.max(...figures.map((one) => one ?? 0));
  const bars = shown.map(({ isolation }, at) => {
    const figure = figures[at] ?? null;
    const text = format(figure);
    const label = figure === null ? `${isolation}: not measured` : `${isolation}: ${text}`;
    return { isolation, main: share(figure, widest), reach: null, mark: null, text, label };
  });
  return { id, title, hint, bars };
}

function startOf(one: ComparedIsolation, start: string) {
  return one.starts.find((each) => each.start === start);
}

function peakOf({ starts }: ComparedIsolation): number | null {
  const peaks = starts.flatMap(({ maxMemoryMib }) => (maxMemoryMib === null ? [] : [maxMemoryMib]));
  return peaks.length === 0 ? null : Math.max(...peaks);
}

function share(value: number | null, widest: number): number | null {
  return value === null ? null : widest === 0 ? 0 : value / widest;
}
