import type { ReactNode } from 'react';
import classes from './figure.module.css';

/** A number among others: digits of one width, so that columns stand still while they change. */
export function Figure({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span className={classes.figure} title={title}>
      {children}
    </span>
  );
}
