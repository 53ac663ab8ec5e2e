import { Button } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type UIEvent, useLayoutEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { visibleText } from '../../../../src/domain/visible-text.ts';
import { formatClock, formatInstant } from '../../shared/format/instants.ts';
import type { TailLine } from './log-buffer.ts';
import classes from './log-rows.module.css';

const LINE_PX = 20;
const OVERSCAN = 30;
/** Nearer to the end than this counts as there. */
const AT_END_PX = 40;

interface Props {
  lines: readonly TailLine[];
  hasFunctions: boolean;
}

/** The lines, only those in view as elements; stays at the newest one unless the reader has scrolled away from it. */
export function LogRows({ lines, hasFunctions }: Props) {
  const scroller = useRef<HTMLElement>(null);
  const [isAtEnd, setIsAtEnd] = useState(true);
  const frame = useRef<HTMLDivElement>(null);
  const [topPx, setTopPx] = useState(0);
  useLayoutEffect(() => setTopPx(frame.current?.getBoundingClientRect().top ?? 0), []);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => lines[index]?.number ?? index,
  });
  const totalPx = rows.getTotalSize();
  const newest = lines.at(-1)?.number;
  // Measured heights arrive after the lines do: both move the end.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are what the end depends on
  useLayoutEffect(() => {
    if (isAtEnd && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [newest, totalPx, isAtEnd]);
  // Lines that arrive, and heights that become known, move the end away as well: only a reader's own way up leaves it.
  const lastTopPx = useRef(0);
  const onScroll = ({ currentTarget: at }: UIEvent<HTMLElement>): void => {
    const isUp = at.scrollTop < lastTopPx.current - 1;
    lastTopPx.current = at.scrollTop;
    if (at.scrollHeight - at.scrollTop - at.clientHeight < AT_END_PX) setIsAtEnd(true);
    else if (isUp) setIsAtEnd(false);
  };
  return (
    <div ref={frame} className={classes.frame}>
      <section
        ref={scroller}
        className={classes.scroller}
        data-functions={hasFunctions}
        style={{ height: `max(16rem, calc(100dvh - ${topPx}px - 2rem))` }}
        aria-label="Log lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        <ol className={classes.lines} style={{ height: totalPx }}>
          {rows.getVirtualItems().map((row) => {
            const line = lines[row.index];
            return line === undefined ? null : (
              <li
                key={row.key}
                ref={rows.measureElement}
                data-index={row.index}
                className={classes.line}
                data-level={line.level}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <LineCells line={line} hasFunctions={hasFunctions} />
              </li>
            );
          })}
        </ol>
      </section>
      {isAtEnd ? null : (
        <Button className={classes.jump} size="compact-sm" onClick={() => setIsAtEnd(true)}>
          To the newest line
        </Button>
      )}
    </div>
  );
}

const LineCells = memo(function LineCells({ line, hasFunctions }: { line: TailLine; hasFunctions: boolean }) {
  return (
    <>
      <Link
        href={`/invocations/${line.invocationId}`}
        className={classes.time}
        title={`${formatInstant(line.at)}: open the invocation`}
      >
        {formatClock(line.at)}
      </Link>
      <span className={classes.level} title={line.stream}>
        {line.level}
      </span>
      {hasFunctions ? (
        <Link href={`/functions/${encodeURIComponent(line.functionName)}/logs`} className={classes.name}>
          {line.functionName}
        </Link>
      ) : null}
      <span className={classes.text}>{visibleText(line.text, true)}</span>
    </>
  );
});
