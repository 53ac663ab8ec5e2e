import { ActionIcon, Button, Menu, NativeSelect, Popover, TextInput } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { ProblemNotice } from '../../../shared/ui/problem-notice.tsx';
import type { EditorKeys } from '../code/editor-setup.ts';
import classes from './event-pane.module.css';
import { eventProblem, eventToSend } from './event-text.ts';
import { JsonEditor } from './json-editor.tsx';
import type { EventText } from './use-event-text.ts';
import { readTestEvent, useTestEvents } from './use-test-events.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

interface Props {
  functionName: string;
  event: EventText;
  keys: EditorKeys;
}

/** The event that a run sends, and the saved ones to choose from. */
export function EventPane({ functionName, event: { text, chosen, isUntouched, onText, onChosen }, keys }: Props) {
  const events = useTestEvents(functionName);
  const [readError, setReadError] = useState<unknown>(null);
  const problem = eventProblem(text);

  const choose = async (event: string): Promise<void> => {
    onChosen(event);
    if (event === '') return;
    try {
      onText(await readTestEvent(functionName, event), event);
      setReadError(null);
    } catch (error) {
      setReadError(error);
    }
  };
  const first = isUntouched ? (events.names?.[0] ?? null) : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the saved events are known
  useEffect(() => {
    if (first !== null && chosen === '') void choose(first);
  }, [first]);

  const error = readError ?? events.save.error ?? events.remove.error ?? events.error;
  return (
    <section className={classes.pane} aria-label="Event">
      <div className={classes.bar}>
        <h2 className={classes.title}>Event</h2>
        {events.names && events.names.length > 0 ? (
          <NativeSelect
            aria-label="Saved events"
            className={classes.choice}
            value={events.names.includes(chosen) ? chosen : ''}
            onChange={(event) => void choose(event.currentTarget.value)}
            data={[{ value: '', label: 'Saved events …' }, ...events.names]}
          />
        ) : null}
        <SaveEvent
          suggested={chosen}
          isBusy={events.save.isPending}
          isPossible={problem === null}
          onSave={(event) =>
            events.save.mutate({ event, text: eventToSend(text) }, { onSuccess: () => onChosen(event) })
          }
        />
        {events.names?.includes(chosen) ? (
          <Menu position="bottom-end" transitionProps={{ duration: 80 }}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`Actions for the event ${chosen}`}>
                <svg viewBox="0 0 16 16" width="14" height="14" fill="currentColor" aria-hidden="true">
                  <circle cx="3" cy="8" r="1.3" />
                  <circle cx="8" cy="8" r="1.3" />
                  <circle cx="13" cy="8" r="1.3" />
                </svg>
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => events.remove.mutate(chosen, { onSuccess: () => onChosen('') })}>
                Delete the saved event {chosen}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ) : null}
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

interface SaveProps {
  suggested: string;
  isBusy: boolean;
  isPossible: boolean;
  onSave(name: string): void;
}

function SaveEvent({ suggested, isBusy, isPossible, onSave }: SaveProps) {
  const [isOpen, setIsOpen] = useState(false);
  const [name, setName] = useState('');
  const isValid = NAME.test(name);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isValid) return;
    onSave(name);
    setIsOpen(false);
  };
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" trapFocus returnFocus width={260}>
      <Popover.Target>
        <Button
          variant="default"
          size="compact-sm"
          loading={isBusy}
          disabled={!isPossible}
          onClick={() => {
            setName(suggested);
            setIsOpen(!isOpen);
          }}
        >
          Save
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit} className={classes.saving}>
          <TextInput
            label="Save this event as"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={name === '' || isValid ? null : 'Letters, digits, - and _; at most 64.'}
            autoComplete="off"
            data-autofocus
          />
          <Button type="submit" disabled={!isValid}>
            Save event
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
