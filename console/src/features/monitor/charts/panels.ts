import { formatCount, formatDuration, formatMemory, formatPercent } from '../../../shared/format/figures.ts';
import type { MetricsPoint, MetricsReply } from '../use-metrics.ts';
import type { Palette } from './palette.ts';

type Figures = MetricsReply['totals'];

export interface Series {
  label: string;
  color: keyof Palette;
  /** At one step, or (`spanMs` longer) over the whole window; null where there is nothing to show. */
  valueOf(figures: Figures, spanMs: number): number | null;
}

export interface Panel {
  id: string;
  title: string;
  /** What the axis counts in; where its figures carry units, what they are of. */
  unit: string;
  shape: 'bars' | 'lines';
  /** Its figures are whole numbers. */
  isWhole?: boolean;
  /** Of a fixed top, where the figures are shares. */
  max?: number;
  series: readonly Series[];
  format(value: number | null): string;
}

const share = (part: number, { cold, claimed, warm }: Figures): number | null => {
  const starts = cold + claimed + warm;
  return starts === 0 ? null : part / starts;
};

/** Every panel of the monitor, in the order in which they stand. */
export const PANELS: readonly Panel[] = [
  {
    id: 'invocations',
    title: 'Invocations',
    unit: 'calls',
    shape: 'bars',
    isWhole: true,
    format: formatCount,
    series: [{ label: 'invocations', color: 'volume', valueOf: (figures) => figures.invocations }],
  },
  {
    id: 'latency',
    title: 'Duration',
    unit: 'of an attempt',
    shape: 'lines',
    format: formatDuration,
    series: [
      { label: 'p50', color: 'p50', valueOf: (figures) => figures.p50Ms },
      { label: 'p95', color: 'p95', valueOf: (figures) => figures.p95Ms },
      { label: 'p99', color: 'p99', valueOf: (figures) => figures.p99Ms },
    ],
  },
  {
    id: 'errors',
    title: 'Errors',
    unit: 'attempts',
    shape: 'bars',
    isWhole: true,
    format: formatCount,
    series: [
      { label: 'failed', color: 'errors', valueOf: (figures) => figures.errors },
      { label: 'throttled', color: 'throttles', valueOf: (figures) => figures.throttles },
    ],
  },
  {
    id: 'starts',
    title: 'Starts',
    unit: 'by kind',
    shape: 'bars',
    max: 1,
    format: formatPercent,
    series: [
      { label: 'cold', color: 'cold', valueOf: (figures) => share(figures.cold, figures) },
      { label: 'claimed', color: 'claimed', valueOf: (figures) => share(figures.claimed, figures) },
      { label: 'warm', color: 'warm', valueOf: (figures) => share(figures.warm, figures) },
    ],
  },
  {
    id: 'concurrency',
    title: 'Concurrency',
    unit: 'in flight',
    shape: 'lines',
    format: (value) => (value === null ? '–' : String(Number(value.toPrecision(2)))),
    series: [{ label: 'average', color: 'concurrency', valueOf: (figures) => figures.averageConcurrency }],
  },
  {
    id: 'cpu',
    title: 'CPU',
    unit: 'cores',
    shape: 'lines',
    format: (value) => (value === null ? '–' : String(Number(value.toPrecision(2)))),
    series: [
      { label: 'average', color: 'cpu', valueOf: ({ cpuMs }, spanMs) => (cpuMs === null ? null : cpuMs / spanMs) },
    ],
  },
  {
    id: 'memory',
    title: 'Memory',
    unit: 'of a sandbox',
    shape: 'lines',
    format: formatMemory,
    series: [{ label: 'peak', color: 'memory', valueOf: (figures) => figures.maxMemoryMib }],
  },
];

/** What a panel shows, as one sentence for those who do not see it. */
export function panelWords(panel: Panel, { points, totals, stepMs }: MetricsReply): string {
  const spanMs = points.length * stepMs;
  const parts = panel.series.map((series) => {
    const values = points.map((point) => series.valueOf(point, stepMs));
    const peak = values.reduce<number | null>(
      (most, value) => (value !== null && value > (most ?? -1) ? value : most),
      null,
    );
    if (peak === null) return `${series.label}: nothing measured`;
    const at = points[values.indexOf(peak)] as MetricsPoint;
    const time = new Date(at.at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    return `${series.label} ${panel.format(series.valueOf(totals, spanMs))} over all, at most ${panel.format(peak)} at ${time}`;
  });
  return `${panel.title}, ${panel.unit}. ${parts.join('; ')}.`;
}
