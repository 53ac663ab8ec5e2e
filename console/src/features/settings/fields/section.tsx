import type { ReactNode } from 'react';
import classes from './section.module.css';

interface Props {
  title: string;
  /** What these settings decide, in a sentence or two. */
  about: ReactNode;
  children: ReactNode;
}

export function Section({ title, about, children }: Props) {
  return (
    <section className={classes.section} aria-label={title}>
      <div className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        <p className={classes.about}>{about}</p>
      </div>
      <div className={classes.fields}>{children}</div>
    </section>
  );
}
