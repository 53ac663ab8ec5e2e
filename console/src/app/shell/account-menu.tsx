import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { signOut } from '../../../../src/client/generated/sdk.gen.ts';
import { draftIds } from '../../features/editor/draft/saved-draft.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import type { Session } from '../../shared/api/use-session.ts';
import { SignOutDialog } from './sign-out-dialog.tsx';

const SCHEMES = [
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'auto', label: 'As the system' },
] as const;

interface Props {
  session: Session;
  /** The server has closed the session. */
  onSignedOut(): void;
}

export function AccountMenu({ session, onSignedOut }: Props) {
  const [drafts, setDrafts] = useState<readonly string[] | null>(null);
  const leave = useMutation<unknown, ApiProblem>({
    mutationFn: () => call(signOut({ client })),
    onSuccess: onSignedOut,
    // A session that has ended by itself is signed out too; any other failure is said in the dialog.
    onError: (error) => (error.isSignedOut ? onSignedOut() : setDrafts(draftIds())),
  });
  const begin = (): void => {
    const unsaved = draftIds();
    if (unsaved.length > 0) setDrafts(unsaved);
    else leave.mutate();
  };
  return (
    <>
      <AccountItems session={session} onSignOut={begin} />
      {drafts === null ? null : (
        <SignOutDialog
          draftIds={drafts}
          isBusy={leave.isPending}
          error={leave.error}
          onConfirm={() => leave.mutate()}
          onClose={() => {
            leave.reset();
            setDrafts(null);
          }}
        />
      )}
    </>
  );
}

function AccountItems({ session, onSignOut }: { session: Session; onSignOut(): void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" width={200} transitionProps={{ duration: 100 }}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Menu">
          <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" aria-hidden="true">
            <path d="M2.5 4h11M2.5 8h11M2.5 12h11" strokeWidth="1.5" strokeLinecap="round" />
          </svg>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.workspace} · {session.scopes.join(', ')}
        </Menu.Label>
        {SCHEMES.map(({ value, label }) => (
          <Menu.Item
            key={value}
            onClick={() => setColorScheme(value)}
            rightSection={colorScheme === value ? <span aria-hidden="true">✓</span> : null}
            aria-current={colorScheme === value}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component="a" href="/docs" target="_blank" rel="noreferrer">
          API reference
        </Menu.Item>
        <Menu.Item onClick={onSignOut}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
