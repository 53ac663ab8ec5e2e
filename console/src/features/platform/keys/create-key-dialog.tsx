import { Button, Checkbox, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { createKey } from '../../../../../src/client/generated/sdk.gen.ts';
import { SCOPES, type Scope } from '../../../../../src/domain/names.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import { CommandLine } from '../../../shared/controls/command-line.tsx';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { StayOnPage } from '../../../shared/page/stay-on-page.tsx';

const MEANINGS: Record<Scope, string> = {
  invoke: 'call functions',
  read: 'see functions, records, logs and charts',
  deploy: 'create, change and delete functions; their code can print secrets, so it may read those too',
  admin: 'everything, keys included',
};
const DAY_MS = 24 * 60 * 60_000;
const LIFETIMES = [
  { value: '0', label: 'Never' },
  { value: '1', label: 'In a day' },
  { value: '30', label: 'In 30 days' },
  { value: '365', label: 'In a year' },
];

/** Makes a key and shows its secret once. Only its buttons close it then, because the secret goes with it. */
export function CreateKeyDialog({ isOpen, onClose }: { isOpen: boolean; onClose(): void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>(['invoke']);
  const [days, setDays] = useState('0');
  const create = useMutation({
    mutationFn: () => {
      const expiresAt = days === '0' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      return call(createKey({ client, body: { name: name.trim(), scopes, expiresAt } }));
    },
    onSuccess: () => void queries.invalidateQueries({ queryKey: queryKeys.keys }),
  });
  const close = (): void => {
    create.reset();
    setName('');
    setScopes(['invoke']);
    onClose();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  if (create.data)
    return (
      <Modal
        opened={isOpen}
        onClose={close}
        title={`Key ${create.data.name}`}
        closeOnClickOutside={false}
        closeOnEscape={false}
      >
        <StayOnPage />
        <Stack gap="sm">
          <Text size="sm">Copy it now: it is stored hashed and cannot be shown again.</Text>
          <CommandLine command={create.data.secret} label="Copy key" />
          <Group justify="flex-end">
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      </Modal>
    );
  return (
    <Modal opened={isOpen} onClose={close} title="New key">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            description="Who or what will use it"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
          <Checkbox.Group label="It may" value={scopes} onChange={(value) => setScopes(value as Scope[])}>
            <Stack gap={6} mt={6}>
              {SCOPES.toReversed().map((scope) => (
                <Checkbox key={scope} value={scope} label={`${scope}: ${MEANINGS[scope]}`} />
              ))}
            </Stack>
          </Checkbox.Group>
          <NativeSelect
            label="It ends"
            data={LIFETIMES}
            value={days}
            onChange={(event) => setDays(event.currentTarget.value)}
          />
          {create.error ? <ProblemNotice error={create.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending} disabled={name.trim() === '' || scopes.length === 0}>
              Create key
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
