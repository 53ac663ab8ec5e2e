import { useComputedColorScheme } from '@mantine/core';
import { useState } from 'react';
import { formatInstant } from '../../../shared/format/instants.ts';
import type { MetricsReply } from '../use-metrics.ts';
import { Brush } from './brush.tsx';
import classes from './charts.module.css';
import { PALETTES, type Palette } from './palette.ts';
import { PanelCanvas } from './panel-canvas.tsx';
import { PANELS, type Panel, panelWords } from './panels.ts';

interface Props {
  metrics: MetricsReply;
  onRange(fromMs: number, toMs: number): void;
}

/** All panels over one time axis. Loaded when first shown: Chart.js comes with it. */
export default function Charts({ metrics, onRange }: Props) {
  const palette = PALETTES[useComputedColorScheme('light')];
  const [step, setStep] = useState<number | null>(null);
  const point = step === null ? undefined : metrics.points[step];
  return (
    <div className={classes.charts}>
      <p className={classes.hint}>
        {point === undefined ? 'Drag over the charts to see the invocations of that time.' : formatInstant(point.at)}
      </p>
      <div className={classes.panels}>
        {PANELS.map((panel, index) => (
          <figure key={panel.id} className={classes.panel} data-panel={panel.id}>
            <PanelHead panel={panel} metrics={metrics} step={step} palette={palette} />
            <PanelCanvas panel={panel} metrics={metrics} palette={palette} hasTimes={index === PANELS.length - 1} />
            <figcaption className={classes.words}>{panelWords(panel, metrics)}</figcaption>
          </figure>
        ))}
        <Brush metrics={metrics} step={step} onStep={setStep} onRange={onRange} />
      </div>
    </div>
  );
}

interface HeadProps {
  panel: Panel;
  metrics: MetricsReply;
  step: number | null;
  palette: Palette;
}

/** Title, unit, and each series with its figure: at the step looked at, else over the whole window. */
function PanelHead({ panel, metrics, step, palette }: HeadProps) {
  const point = step === null ? undefined : metrics.points[step];
  const spanMs = point === undefined ? metrics.points.length * metrics.stepMs : metrics.stepMs;
  return (
    <div className={classes.head}>
      <b className={classes.title}>{panel.title}</b>
      <span className={classes.unit}>{panel.unit}</span>
      <span className={classes.legend}>
        {panel.series.map((series) => (
          <span key={series.label} className={classes.entry}>
            <svg width="8" height="8" aria-hidden="true">
              <rect width="8" height="8" rx="1.5" fill={palette[series.color]} />
            </svg>
            {series.label} <b>{panel.format(series.valueOf(point ?? metrics.totals, spanMs))}</b>
          </span>
        ))}
      </span>
    </div>
  );
}
