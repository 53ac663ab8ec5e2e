import type { ReactNode } from 'react';
import { type StatusKind, statusKind } from './status-kind.ts';
import classes from './status-mark.module.css';

const SHAPES: Record<StatusKind, ReactNode> = {
  good: <circle cx="5" cy="5" r="4" fill="currentColor" />,
  bad: <path d="M1.5 1.5l7 7m0-7l-7 7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  late: <path d="M5 .8L9.4 8.6H.6z" fill="currentColor" />,
  refused: <path d="M5 .6L9.4 5 5 9.4.6 5z" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  moving: <circle cx="5" cy="5" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.8" strokeDasharray="4 2" />,
  idle: <path d="M1 5h8" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
};

/** A status by shape, colour and word: no one of them alone has to be seen. `word` replaces the status's own. */
export function StatusMark({ status, word, title }: { status: string; word?: string; title?: string }) {
  const kind = statusKind(status);
  return (
    <span className={classes.mark} data-kind={kind} title={title}>
      <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
        {SHAPES[kind]}
      </svg>
      <span className={classes.word}>{word ?? status.replaceAll('_', ' ')}</span>
    </span>
  );
}
