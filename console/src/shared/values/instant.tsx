import { formatInstant, formatRelative } from '../format/instants.ts';
import { useNow } from '../format/use-now.ts';
import classes from './figure.module.css';

/** How long ago, kept up to date; the exact time on hover and for screen readers' `datetime`. */
export function Instant({ at }: { at: string }) {
  const nowMs = useNow();
  return (
    <time className={classes.figure} dateTime={at} title={formatInstant(at)}>
      {formatRelative(at, nowMs)}
    </time>
  );
}
