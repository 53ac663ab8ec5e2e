import classes from './bar-panel.module.css';
import type { Bar, Panel } from './panels.ts';

/** p99 at the right edge would lose half its stroke. */
const INSET = 0.99;

/** One figure of every isolation, side by side: p50 as the bar, up to p95 lighter, p99 as a mark. */
export function BarPanel({ panel: { id, title, hint, bars } }: { panel: Panel }) {
  return (
    <section className={classes.panel} aria-labelledby={`panel-${id}`}>
      <h3 id={`panel-${id}`} className={classes.title}>
        {title} <span className={classes.hint}>{hint}</span>
      </h3>
      <ul className={classes.bars}>
        {bars.map((bar) => (
          <li key={bar.isolation} className={classes.row} title={bar.label}>
            <span className={classes.name} aria-hidden="true">
              {bar.isolation}
            </span>
            <Drawn bar={bar} />
            <span className={classes.text} aria-hidden="true">
              {bar.text}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Drawn({ bar: { main, reach, mark, label } }: { bar: Bar }) {
  const percent = (share: number | null): string => `${(share ?? 0) * INSET * 100}%`;
  return (
    <svg className={classes.drawn} width="100%" height="14" role="img" aria-label={label}>
      <rect className={classes.ground} width="100%" height="14" />
      {reach === null ? null : <rect className={classes.reach} width={percent(reach)} y="2" height="10" />}
      {main === null ? null : <rect className={classes.main} width={percent(main)} y="2" height="10" />}
      {mark === null ? null : <line className={classes.mark} x1={percent(mark)} x2={percent(mark)} y1="0" y2="14" />}
    </svg>
  );
}
