import { Button, Popover, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import classes from './event-pane.module.css';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

interface Props {
  suggested: string;
  isBusy: boolean;
  isPossible: boolean;
  onSave(name: string): void;
}

/** Keeps the event that is shown, under a name. */
export function SaveEvent({ suggested, isBusy, isPossible, onSave }: Props) {
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
