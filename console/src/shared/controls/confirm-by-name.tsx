import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ProblemNotice } from '../page/problem-notice.tsx';

interface Props {
  /** What the person has to type. */
  name: string;
  title: string;
  /** What will be gone, and what will not. */
  children: ReactNode;
  confirmLabel: string;
  isOpen: boolean;
  isBusy: boolean;
  error: unknown;
  onClose(): void;
  onConfirm(): void;
}

/** For what cannot be undone: asks for the thing's name. */
export function ConfirmByName(props: Props) {
  const [typed, setTyped] = useState('');
  const isMatch = typed === props.name;
  const close = (): void => {
    setTyped('');
    props.onClose();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isMatch && !props.isBusy) props.onConfirm();
  };
  return (
    <Modal opened={props.isOpen} onClose={close} title={props.title}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" component="div">
            {props.children}
          </Text>
          <TextInput
            label={
              <>
                Type <b>{props.name}</b> to confirm
              </>
            }
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          {props.error ? <ProblemNotice error={props.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" color="red" disabled={!isMatch} loading={props.isBusy}>
              {props.confirmLabel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
