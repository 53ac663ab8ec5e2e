import type { ChartConfiguration, ChartDataset, ScriptableContext } from 'chart.js';
import type { MetricsReply } from '../use-metrics.ts';
import type { Palette } from './palette.ts';
import type { Panel } from './panels.ts';
import { timeTicks } from './time-ticks.ts';

/** Where every panel's plot begins: one edge for all, whatever their labels; the brush lies exactly over it. */
export const PLOT_LEFT_PX = 56;
export const PLOT_RIGHT_PX = 10;
const PX_PER_TICK = 80;
const FONT = { size: 11, family: "'Inter Variable', Inter, system-ui, sans-serif" };

export type PanelChart = ChartConfiguration<'bar' | 'line', { x: number; y: number | null }[]>;

/** A panel drawn from figures. `hasTimes` puts the time under it. */
export function chartConfig(panel: Panel, metrics: MetricsReply, palette: Palette, hasTimes: boolean): PanelChart {
  return {
    type: panel.shape === 'bars' ? 'bar' : 'line',
    data: { datasets: chartDatasets(panel, metrics, palette) },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      // The brush over all panels listens; a chart of its own tooltips would only be in its way.
      events: [],
      layout: { padding: { top: 4, right: PLOT_RIGHT_PX } },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: {
          type: 'linear',
          stacked: panel.shape === 'bars',
          offset: false,
          ...timeRange(metrics),
          afterBuildTicks: (axis) => {
            const count = Math.max(2, Math.floor(axis.width / PX_PER_TICK));
            axis.ticks = timeTicks(axis.min, axis.max, count).map(({ atMs, label }) => ({ value: atMs, label }));
          },
          ticks: {
            display: hasTimes,
            color: palette.ink,
            font: FONT,
            maxRotation: 0,
            callback: (_value, index, ticks) => ticks[index]?.label as string,
          },
          border: { color: palette.grid },
          grid: { color: palette.grid, drawTicks: false, offset: false },
          // A label that would stick out must not make one plot narrower than the others.
          afterFit: (axis) => {
            axis.paddingLeft = 0;
            axis.paddingRight = 0;
          },
        },
        y: {
          beginAtZero: true,
          stacked: panel.shape === 'bars',
          max: panel.max,
          // A flat line at nothing still needs an axis.
          suggestedMax: panel.shape === 'bars' ? 1 : undefined,
          afterFit: (axis) => {
            axis.width = PLOT_LEFT_PX;
          },
          ticks: {
            color: palette.ink,
            font: FONT,
            maxTicksLimit: 3,
            precision: panel.isWhole ? 0 : undefined,
            callback: (value) => panel.format(Number(value)),
          },
          border: { display: false },
          grid: { color: palette.grid, drawTicks: false },
        },
      },
    },
  };
}

/** The x axis of all panels. */
export function timeRange({ from, to }: MetricsReply): { min: number; max: number } {
  return { min: Date.parse(from), max: Date.parse(to) };
}

export function chartDatasets(panel: Panel, metrics: MetricsReply, palette: Palette): PanelChart['data']['datasets'] {
  const { points, stepMs } = metrics;
  return panel.series.map((series) => {
    const data = points.map((point) => ({
      x: Date.parse(point.at) + stepMs / 2,
      y: series.valueOf(point, stepMs),
    }));
    const color = palette[series.color];
    if (panel.shape === 'bars')
      return { label: series.label, data, backgroundColor: color, barPercentage: 1, categoryPercentage: 0.86 };
    const line: ChartDataset<'line', { x: number; y: number | null }[]> = {
      label: series.label,
      data,
      borderColor: color,
      backgroundColor: color,
      borderWidth: 1.5,
      pointRadius: (context) => (isAlone(context) ? 2 : 0),
      spanGaps: false,
    };
    return line;
  });
}

/** A measured step between two without any is no line: it needs a point to be seen. */
function isAlone({ dataset, dataIndex }: ScriptableContext<'line'>): boolean {
  const at = (index: number): unknown => (dataset.data[index] as { y: number | null } | undefined)?.y ?? null;
  return at(dataIndex - 1) === null && at(dataIndex + 1) === null;
}
