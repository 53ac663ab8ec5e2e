import { Button, PasswordInput, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { signIn } from '../../../../src/client/generated/sdk.gen.ts';
import { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import { CommandLine } from '../../shared/controls/command-line.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import classes from './sign-in-screen.module.css';

interface Props {
  /** Of the link that led here; it is exchanged at once. */
  linkToken: string | null;
  /** Why an earlier link led to this screen after all; null when none did. */
  linkError: unknown;
  /** Why the session before has ended; null when there was none. */
  endWords: string | null;
  /** Whether unsaved work waits in this browser. */
  hasDrafts: boolean;
  /** With the refusal, or null when it signed in. */
  onTokenUsed(error: unknown): void;
}

export function SignInScreen({ linkToken, linkError, endWords, hasDrafts, onTokenUsed }: Props) {
  const queries = useQueryClient();
  const [key, setKey] = useState('');
  const exchange = useMutation({
    mutationFn: (body: { token: string } | { key: string }) => call(signIn({ client, body })),
    onSuccess: (session) => {
      // What an earlier session read is not for this one's eyes.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== queryKeys.session[0] });
      queries.setQueryData(queryKeys.session, session);
    },
    onSettled: (_, error) => onTokenUsed(error),
  });
  const { mutate } = exchange;
  const taken = useRef<string | null>(null);
  useEffect(() => {
    if (linkToken === null || taken.current === linkToken) return;
    taken.current = linkToken;
    mutate({ token: linkToken });
  }, [linkToken, mutate]);
  useEffect(() => {
    document.title = 'Sign in · Coldframe';
  }, []);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    exchange.mutate({ key: key.trim() });
  };
  const problem = exchange.error ?? linkError;
  return (
    <main className={classes.screen}>
      <Title order={1} size="h2">
        Coldframe
      </Title>
      {linkToken !== null && !exchange.isError ? (
        <SkeletonRows count={3} label="Signing in" />
      ) : (
        <>
          {endWords === null ? null : (
            <div className={classes.ended} role="alert">
              <p>{endWords}</p>
              {hasDrafts ? <p>Unsaved drafts stay in this browser; sign in to go on with them.</p> : null}
            </div>
          )}
          {problem ? <Refusal error={problem} /> : null}
          <form onSubmit={submit} className={classes.form}>
            <PasswordInput
              label="Key"
              description="The admin key, or one made under Platform, Keys."
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
              autoComplete="off"
              size="sm"
              data-autofocus
            />
            <Button type="submit" size="sm" loading={exchange.isPending} disabled={key.trim() === ''}>
              Sign in
            </Button>
          </form>
          <Text size="sm" c="dimmed">
            Or have a link printed on the machine that runs Coldframe; it works once, within ten minutes:
          </Text>
          <CommandLine command="coldframe open" />
        </>
      )}
    </main>
  );
}

/** What the API says of a wrong key is for programs; a person at this page has to be told otherwise. */
function Refusal({ error }: { error: unknown }) {
  if (!(error instanceof ApiProblem && error.code === 'unauthenticated')) return <ProblemNotice error={error} />;
  return (
    <p className={classes.refusal} role="alert">
      This server has no such key. See what was left out or added, or have a link printed.
    </p>
  );
}
