import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useFunctionList } from '../../shared/api/use-function-list.ts';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';

interface Props {
  /** As `draftIds` gives them. */
  draftIds: readonly string[];
  isBusy: boolean;
  error: unknown;
  onConfirm(): void;
  onClose(): void;
}

/** Asks before signing out takes unsaved work along. */
export function SignOutDialog({ draftIds, isBusy, error, onConfirm, onClose }: Props) {
  const { data } = useFunctionList();
  const names = draftIds.map((id) => {
    if (id.startsWith('new-')) return 'a new function';
    return data?.items.find((fn) => fn.id === id)?.name ?? 'a function that is gone';
  });
  return (
    <Modal opened onClose={onClose} title="Sign out">
      <Stack gap="sm">
        {names.length === 0 ? null : (
          <Text size="sm" component="div">
            Signing out removes everything you typed from this browser. These drafts are not deployed:
            <ul>
              {[...new Set(names)].map((name) => (
                <li key={name}>{name}</li>
              ))}
            </ul>
          </Text>
        )}
        {error ? <ProblemNotice error={error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Stay
          </Button>
          <Button color="red" loading={isBusy} onClick={onConfirm}>
            {names.length === 0 ? 'Sign out' : 'Discard and sign out'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
