import { Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { CommandLine } from '../controls/command-line.tsx';
import classes from './empty-state.module.css';

interface Props {
  title: string;
  /** What to do next, one or two sentences. */
  children: ReactNode;
  command?: string;
  /** A button that does it here. */
  action?: ReactNode;
}

/** Nothing to show yet: teaches the next step. */
export function EmptyState({ title, children, command, action }: Props) {
  return (
    <div className={classes.empty}>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text size="sm" c="dimmed" component="div">
        {children}
      </Text>
      {action}
      {command === undefined ? null : <CommandLine command={command} />}
    </div>
  );
}
