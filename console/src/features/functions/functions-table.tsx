import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';
import { FunctionRow } from './function-row.tsx';
import type { FunctionRowData, Sort, SortKey } from './function-row-data.ts';
import classes from './functions-table.module.css';

const ROW_HEIGHT_PX = 41;
/** Rows kept beyond the edges, so that fast scrolling meets no blank. */
const OVERSCAN = 12;

const COLUMNS: { key: SortKey | null; label: string; className?: string }[] = [
  { key: 'name', label: 'Name' },
  { key: 'runtime', label: 'Runtime', className: classes.runtime },
  { key: 'isolation', label: 'Isolation', className: classes.isolation },
  { key: 'last', label: 'Last outcome' },
  { key: 'calls', label: 'Calls', className: classes.number },
  { key: 'p95', label: 'p95', className: classes.number },
  { key: 'errors', label: 'Errors', className: classes.number },
  { key: null, label: 'Invocations', className: classes.spark },
];

interface Props {
  rows: readonly FunctionRowData[];
  sort: Sort;
  /** False until figures have arrived once: dashes would say that there are none. */
  hasFigures: boolean;
  onSort(key: SortKey): void;
  onDelete(name: string): void;
}

/** Only the rows near the view are in the document, so that thousands scroll like ten. */
export function FunctionsTable({ rows, sort, hasFigures, onSort, onDelete }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [topPx, setTopPx] = useState(0);
  useLayoutEffect(() => setTopPx(body.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT_PX,
    overscan: OVERSCAN,
    scrollMargin: topPx,
    getItemKey: (index) => rows[index]?.fn.id ?? index,
  });
  return (
    <table className={classes.table} aria-label="Functions" aria-rowcount={rows.length + 1}>
      <thead>
        <tr className={classes.head} aria-rowindex={1}>
          {COLUMNS.map(({ key, label, className }) => (
            <Heading key={label} sortKey={key} label={label} className={className} sort={sort} onSort={onSort} />
          ))}
          <th scope="col">
            <span className={classes.hidden}>Actions</span>
          </th>
        </tr>
      </thead>
      <tbody ref={body} className={classes.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return row === undefined ? null : (
            <FunctionRow
              key={item.key}
              measure={virtual.measureElement}
              index={item.index}
              offsetPx={item.start - topPx}
              row={row}
              hasFigures={hasFigures}
              onDelete={onDelete}
            />
          );
        })}
      </tbody>
    </table>
  );
}

interface HeadingProps {
  sortKey: SortKey | null;
  label: string;
  className?: string;
  sort: Sort;
  onSort(key: SortKey): void;
}

function Heading({ sortKey, label, className, sort, onSort }: HeadingProps) {
  const isSorted = sortKey === sort.key;
  const direction = sort.isDescending ? 'descending' : 'ascending';
  return (
    <th scope="col" className={className} aria-sort={isSorted ? direction : undefined}>
      {sortKey === null ? (
        label
      ) : (
        <button type="button" className={classes.sort} onClick={() => onSort(sortKey)}>
          {label}
          <span aria-hidden="true" className={classes.arrow}>
            {isSorted ? (sort.isDescending ? '↓' : '↑') : ''}
          </span>
        </button>
      )}
    </th>
  );
}
