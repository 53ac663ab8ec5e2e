import { memo } from 'react';
import classes from './sparkline.module.css';

const WIDTH = 96;
const HEIGHT = 20;

interface Props {
  values: readonly number[];
  /** The top of the scale; its own largest value when absent. */
  top?: number;
}

/** The shape of lately; the figures stand beside it. */
export const Sparkline = memo(function Sparkline({ values, top }: Props) {
  const max = top ?? Math.max(...values);
  if (values.length < 2 || max === 0) return <span className={classes.flat} aria-hidden="true" />;
  const stepX = WIDTH / (values.length - 1);
  const points = values.map(
    (value, index) => `${round(index * stepX)},${round(HEIGHT - 1 - (value / max) * (HEIGHT - 3))}`,
  );
  return (
    <svg className={classes.line} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path className={classes.area} d={`M0,${HEIGHT} L${points.join(' ')} L${WIDTH},${HEIGHT}Z`} />
      <polyline className={classes.stroke} points={points.join(' ')} />
    </svg>
  );
});

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
