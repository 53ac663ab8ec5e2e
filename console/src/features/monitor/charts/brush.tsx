import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { formatCount } from '../../../shared/format/figures.ts';
import { formatInstant } from '../../../shared/format/instants.ts';
import type { MetricsReply } from '../use-metrics.ts';
import { rangeBetween, type StepRange, stepAt, timesOf } from './brush-range.ts';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from './chart-config.ts';
import classes from './charts.module.css';

interface Props {
  metrics: MetricsReply;
  /** The step being looked at; null for none. */
  step: number | null;
  onStep(step: number | null): void;
  /** A range was brushed, or one step was clicked. */
  onRange(fromMs: number, toMs: number): void;
}

/**
 * Lies over the plots of all panels: moving shows a step's figures, a drag (or a click, or Shift with the arrows and Enter) asks
 * for the invocations of that time. Escape gives a drag up.
 */
export function Brush({ metrics, step, onStep, onRange }: Props) {
  const plot = useRef<HTMLDivElement>(null);
  const [anchor, setAnchor] = useState<number | null>(null);
  const steps = metrics.points.length;
  const fromMs = Date.parse(metrics.from);
  const stepOf = (event: PointerEvent): number => {
    const box = plot.current?.getBoundingClientRect();
    return box === undefined || box.width === 0 ? 0 : stepAt((event.clientX - box.left) / box.width, steps);
  };
  const open = (range: StepRange): void => {
    setAnchor(null);
    const times = timesOf(range, fromMs, metrics.stepMs);
    onRange(times.fromMs, times.toMs);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (move !== undefined) {
      event.preventDefault();
      const from = step ?? steps - 1;
      if (!event.shiftKey) setAnchor(null);
      else if (anchor === null) setAnchor(from);
      onStep(Math.min(steps - 1, Math.max(0, from + move)));
    } else if (event.key === 'Enter' && step !== null) open(rangeBetween(anchor ?? step, step));
    else if (event.key === 'Escape') {
      setAnchor(null);
      onStep(null);
    }
  };
  const shown = step === null ? null : rangeBetween(anchor ?? step, step);
  const percent = (of: number): string => `${(of / steps) * 100}%`;
  return (
    <div className={classes.brush} style={{ left: PLOT_LEFT_PX, right: PLOT_RIGHT_PX }}>
      <div
        ref={plot}
        className={classes.plot}
        role="slider"
        tabIndex={0}
        aria-label="Time of the charts: arrows move, Shift and arrows select, Enter opens the invocations of it"
        aria-valuemin={0}
        aria-valuemax={steps - 1}
        aria-valuenow={step ?? steps - 1}
        aria-valuetext={valueText(metrics, shown ?? { first: steps - 1, last: steps - 1 })}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const at = stepOf(event);
          setAnchor(at);
          onStep(at);
        }}
        onPointerMove={(event) => onStep(stepOf(event))}
        onPointerUp={(event) => {
          if (anchor !== null) open(rangeBetween(anchor, stepOf(event)));
        }}
        onPointerCancel={() => setAnchor(null)}
        onPointerLeave={() => {
          if (anchor === null) onStep(null);
        }}
        onBlur={() => {
          setAnchor(null);
          onStep(null);
        }}
      />
      {shown === null ? null : (
        <div
          className={classes.selection}
          data-brushing={anchor !== null}
          style={{ left: percent(shown.first), width: percent(shown.last - shown.first + 1) }}
        />
      )}
    </div>
  );
}

function valueText(metrics: MetricsReply, { first, last }: StepRange): string {
  const points = metrics.points.slice(first, last + 1);
  const invocations = points.reduce((sum, point) => sum + point.invocations, 0);
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  const { fromMs, toMs } = timesOf({ first, last }, Date.parse(metrics.from), metrics.stepMs);
  const [from, to] = [fromMs, toMs].map((ms) => formatInstant(new Date(ms).toISOString()));
  return `${from} to ${to}: ${formatCount(invocations)} invocations, ${formatCount(errors)} errors`;
}
