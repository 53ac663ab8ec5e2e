import type { Attempt } from '../api/types.ts';
import { formatDuration } from '../format/figures.ts';
import { startWords } from './start-words.ts';
import classes from './waterfall.module.css';
import { type WaterfallBar, waterfallBars } from './waterfall-bars.ts';

const MEANINGS: Record<WaterfallBar['phase'], string> = {
  queue: 'Waiting for a slot or a sandbox',
  claim: 'Making a sandbox, or taking a ready one',
  load: 'Making the code visible and starting to load it',
  import: 'Importing the module: what stands outside the handler',
  handler: 'The handler itself',
  reply: 'Handing the reply to the caller',
};
/** So that what took next to no time can still be seen. */
const SHOWN_MIN_PERCENT = 0.5;

/** Where the time of an attempt went, and why it did not start warm. */
export function Waterfall({ attempt }: { attempt: Pick<Attempt, 'phases' | 'code' | 'start' | 'startReason'> }) {
  const { totalMs } = attempt.phases;
  const why = startWords(attempt.start, attempt.startReason);
  return (
    <figure className={classes.waterfall} aria-label={`Where ${formatDuration(totalMs)} went`}>
      <dl className={classes.rows}>
        {waterfallBars(attempt).map((bar) => (
          <div key={bar.phase} className={classes.row} data-phase={bar.phase} data-absent={bar.durationMs === null}>
            <dt title={MEANINGS[bar.phase]}>{bar.phase}</dt>
            <dd>
              <Bar bar={bar} totalMs={totalMs} />
            </dd>
            <dd className={classes.time}>{timeText(bar)}</dd>
          </div>
        ))}
      </dl>
      <figcaption className={classes.caption}>
        {attempt.start === null ? null : <b>{attempt.start}</b>} {why}
      </figcaption>
    </figure>
  );
}

function timeText({ durationMs, isCut }: WaterfallBar): string {
  if (durationMs === null) return '–';
  return isCut ? `${formatDuration(durationMs)}, cut` : formatDuration(durationMs);
}

function Bar({ bar, totalMs }: { bar: WaterfallBar; totalMs: number }) {
  const scale = totalMs > 0 ? 100 / totalMs : 0;
  const width = Math.max(SHOWN_MIN_PERCENT, (bar.durationMs ?? 0) * scale);
  const x = Math.min(100 - width, bar.fromMs * scale);
  return (
    <svg className={classes.bar} aria-hidden="true" focusable="false">
      <line x1="0" x2="100%" y1="50%" y2="50%" className={classes.rail} />
      {bar.durationMs === null ? null : (
        <rect
          x={`${x}%`}
          y="20%"
          width={`${width}%`}
          height="60%"
          rx="1"
          className={classes.fill}
          data-cut={bar.isCut}
        />
      )}
    </svg>
  );
}
