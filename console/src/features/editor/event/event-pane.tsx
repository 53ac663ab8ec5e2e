import { NativeSelect } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import type { EditorKeys } from '../code/editor-setup.ts';
import classes from './event-pane.module.css';
import { eventProblem } from './event-text.ts';
import { JsonEditor } from './json-editor.tsx';
import type { EventText } from './use-event-text.ts';

interface Props {
  event: EventText;
  /** The events to choose from; null until they are known. */
  names: readonly string[] | null;
  /** Puts the event of that name into the pane. */
  onChoose(name: string): void;
  error: unknown;
  keys: EditorKeys;
  /** What can be done with the event. */
  children?: ReactNode;
}

/** The event that a run sends, and those to choose from; the first of them is there until something else is. */
export function EventPane({ event, names, onChoose, error, keys, children }: Props) {
  const { text, chosen, isUntouched, onText } = event;
  const problem = eventProblem(text);
  const first = isUntouched ? (names?.[0] ?? null) : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the events are known
  useEffect(() => {
    if (first !== null && chosen === '') onChoose(first);
  }, [first]);
  return (
    <section className={classes.pane} aria-label="Event">
      <div className={classes.bar}>
        <h2 className={classes.title}>Event</h2>
        {names && names.length > 0 ? (
          <NativeSelect
            aria-label="Saved events"
            className={classes.choice}
            value={names.includes(chosen) ? chosen : ''}
            onChange={(change) => onChoose(change.currentTarget.value)}
            data={[{ value: '', label: 'Saved events …' }, ...names]}
          />
        ) : null}
        {children}
      </div>
      {error ? <ProblemNotice error={error} /> : null}
      <JsonEditor label="Event, JSON" text={text} onType={onText} keys={keys} />
      {problem === null ? null : (
        <p className={classes.problem} role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
