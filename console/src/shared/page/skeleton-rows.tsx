import { Skeleton } from '@mantine/core';
import classes from './skeleton-rows.module.css';

/** Where rows will stand. Shown the first time only; later the last value stays while it is read anew. */
export function SkeletonRows({ count = 6, label = 'Loading' }: { count?: number; label?: string }) {
  return (
    <div className={classes.rows} role="status" aria-label={label}>
      {Array.from({ length: count }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows without identity
        <Skeleton key={row} height={14} width={`${90 - ((row * 17) % 35)}%`} radius="sm" />
      ))}
    </div>
  );
}
