import type { LogLine } from '../../../../src/domain/invocation.ts';
import { visibleText } from '../../../../src/domain/visible-text.ts';
import { formatClock } from '../format/instants.ts';
import classes from './log-lines.module.css';

/** What one attempt printed is bounded by the server in bytes, not in lines; a page of them all would be slow. */
const LINES_MAX = 1_000;

/** What an attempt printed, oldest first. */
export function LogLines({ lines, isTruncated }: { lines: readonly LogLine[]; isTruncated: boolean }) {
  if (lines.length === 0) return <p className={classes.note}>Nothing was printed.</p>;
  const hidden = Math.max(0, lines.length - LINES_MAX);
  return (
    <>
      {hidden > 0 ? <p className={classes.note}>{hidden} earlier lines are not shown.</p> : null}
      <ol className={classes.lines} aria-label="Log lines">
        {lines.slice(hidden).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
          <li key={index} className={classes.line} data-stream={line.stream}>
            <time className={classes.time} dateTime={line.at}>
              {formatClock(line.at)}
            </time>
            <span className={classes.stream}>{line.stream === 'stderr' ? 'err' : 'out'}</span>
            <span className={classes.text}>{visibleText(line.text, true)}</span>
          </li>
        ))}
      </ol>
      {isTruncated ? <p className={classes.note}>More was printed than is kept; the rest was cut.</p> : null}
    </>
  );
}
