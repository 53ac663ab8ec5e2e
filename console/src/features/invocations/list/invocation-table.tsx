import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { type InvocationItem, InvocationRow } from './invocation-row.tsx';
import classes from './invocation-table.module.css';

const ROW_PX = 33;
/** Rows beyond the visible ones, so that scrolling does not outrun the drawing. */
const OVERSCAN = 15;
/** The next page is asked for this many rows before the end. */
const AHEAD = 60;

interface Props {
  items: readonly InvocationItem[];
  hasFunctions: boolean;
  isComplete: boolean;
  onNearEnd(): void;
}

/** Rows that exist only while they can be seen: ten thousand invocations cost as much as fifty. */
export function InvocationTable({ items, hasFunctions, isComplete, onNearEnd }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [topPx, setTopPx] = useState(0);
  useLayoutEffect(() => setTopPx(body.current?.offsetTop ?? 0), []);
  const rows = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin: topPx,
    // What is focused must not hide below the bar and the table's head.
    scrollPaddingStart: 110,
    getItemKey: (index) => items[index]?.id ?? index,
  });
  const shown = rows.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (!isComplete && items.length > 0 && lastShown >= items.length - AHEAD) onNearEnd();
  });
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    const at = Number(row?.dataset.index ?? -1);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (row === null || to === undefined || to < 0 || to >= items.length) return;
    event.preventDefault();
    rows.scrollToIndex(to);
    // At once where it can be, so that a key held down skips no row; else the row has to be made first.
    if (!focusRow(body.current, to)) requestAnimationFrame(() => focusRow(body.current, to));
  };
  return (
    <table
      className={classes.table}
      aria-label="Invocations"
      aria-rowcount={isComplete ? items.length + 1 : -1}
      data-functions={hasFunctions}
    >
      <thead>
        <tr className={classes.head} aria-rowindex={1}>
          <th scope="col">Outcome</th>
          {hasFunctions ? <th scope="col">Function</th> : null}
          <th scope="col">Started</th>
          <th scope="col" className={classes.number}>
            Duration
          </th>
          <th scope="col" className={classes.wide}>
            Start
          </th>
          <th scope="col" className={classes.wide}>
            Trigger
          </th>
          <th scope="col" className={classes.wide}>
            Error
          </th>
        </tr>
      </thead>
      <tbody ref={body} className={classes.body} style={{ height: rows.getTotalSize() }} onKeyDown={onKeyDown}>
        {shown.map((row) => {
          const item = items[row.index];
          return item === undefined ? null : (
            <InvocationRow
              key={row.key}
              item={item}
              index={row.index}
              offsetPx={row.start - topPx}
              hasFunctions={hasFunctions}
            />
          );
        })}
      </tbody>
    </table>
  );
}

function focusRow(body: HTMLElement | null, index: number): boolean {
  const link = body?.querySelector<HTMLElement>(`[data-index="${index}"] a`) ?? null;
  link?.focus({ preventScroll: true });
  return link !== null;
}
