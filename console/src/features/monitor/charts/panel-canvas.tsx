import { BarController, BarElement, Chart, LinearScale, LineController, LineElement, PointElement } from 'chart.js';
import { useEffect, useRef } from 'react';
import type { MetricsReply } from '../use-metrics.ts';
import { chartConfig, chartDatasets, type PanelChart, timeRange } from './chart-config.ts';
import classes from './charts.module.css';
import type { Palette } from './palette.ts';
import type { Panel } from './panels.ts';

Chart.register(BarController, BarElement, LinearScale, LineController, LineElement, PointElement);

interface Props {
  panel: Panel;
  metrics: MetricsReply;
  palette: Palette;
  /** The last panel carries the times of all. */
  hasTimes: boolean;
}

/** One panel's drawing. New figures go into the chart that is there, so nothing flickers; only a theme draws anew. */
export function PanelCanvas({ panel, metrics, palette, hasTimes }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<Chart<PanelChart['type'], PanelChart['data']['datasets'][number]['data']> | null>(null);
  const latest = useRef(metrics);
  latest.current = metrics;
  useEffect(() => {
    if (canvas.current === null) return;
    const made = new Chart(canvas.current, chartConfig(panel, latest.current, palette, hasTimes));
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, [panel, palette, hasTimes]);
  useEffect(() => {
    const { current } = chart;
    if (current === null) return;
    for (const [index, { data }] of chartDatasets(panel, metrics, palette).entries()) {
      const dataset = current.data.datasets[index];
      if (dataset) dataset.data = data;
    }
    Object.assign(current.options.scales?.x ?? {}, timeRange(metrics));
    current.update('none');
  }, [panel, metrics, palette]);
  return (
    <div className={classes.canvas} data-times={hasTimes} aria-hidden="true">
      <canvas ref={canvas} />
    </div>
  );
}
