import { Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import classes from './page-header.module.css';

interface Props {
  title: string;
  /** Beside the title: marks, small facts. */
  aside?: ReactNode;
  /** At the right: filters and buttons. */
  children?: ReactNode;
}

/** The head of a screen; its title is the tab's too. */
export function PageHeader({ title, aside, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Coldframe`;
  }, [title]);
  return (
    <header className={classes.header}>
      <Title order={1} size="h3" className={classes.title}>
        {title}
      </Title>
      {aside}
      <div className={classes.actions}>{children}</div>
    </header>
  );
}
