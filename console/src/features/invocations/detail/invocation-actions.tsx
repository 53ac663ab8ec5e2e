import { Button, Menu, Tooltip } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { cancelInvocation, replayInvocation } from '../../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { Invocation } from '../../../shared/api/types.ts';
import { formatDuration } from '../../../shared/format/figures.ts';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { StatusMark } from '../../../shared/values/status-mark.tsx';
import { COPY_FORMS } from './copy-as.ts';
import classes from './detail.module.css';

/** Replays an invocation's event; the outcome is said where it was asked for, with the way to its own record. */
export function useReplay(invocation: Invocation) {
  return useMutation({
    mutationFn: () => call(replayInvocation({ client, path: { id: invocation.id } })),
  });
}

type Replay = ReturnType<typeof useReplay>;

export function InvocationActions({ invocation, replay }: { invocation: Invocation; replay: Replay }) {
  const hasEvent = invocation.event !== null;
  return (
    <>
      {invocation.state === 'finished' ? null : <CancelButton id={invocation.id} />}
      <Tooltip label={hasEvent ? 'Call the function as it is now with this event' : 'No event was captured to replay'}>
        <Button
          variant="default"
          loading={replay.isPending}
          // Stays reachable, so that its tooltip can tell why it does nothing.
          data-disabled={!hasEvent || undefined}
          aria-disabled={!hasEvent}
          onClick={() => {
            if (hasEvent) replay.mutate();
          }}
        >
          Replay
        </Button>
      </Tooltip>
      <CopyAs invocation={invocation} />
    </>
  );
}

/** The record says `cancelled` a moment later, when it is read anew. */
function CancelButton({ id }: { id: string }) {
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => call(cancelInvocation({ client, path: { id } })),
    // One that has finished meanwhile cannot be cancelled; its record says what became of it.
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.invocation(id) }),
  });
  return (
    <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
      Cancel
    </Button>
  );
}

function CopyAs({ invocation }: { invocation: Invocation }) {
  const clipboard = useClipboard({ timeout: 1_500 });
  const copied = {
    origin: window.location.origin,
    functionName: invocation.functionName,
    event: invocation.event ?? '{}',
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default">{clipboard.copied ? 'Copied' : 'Copy as'}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          The key is read from COLDFRAME_KEY{invocation.event === null ? '; the event is empty' : ''}
        </Menu.Label>
        {COPY_FORMS.map(({ id, label, textOf }) => (
          <Menu.Item key={id} onClick={() => clipboard.copy(textOf(copied))}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function ReplayOutcome({ replay }: { replay: Replay }) {
  if (replay.error) return <ProblemNotice error={replay.error} onRetry={() => replay.mutate()} />;
  const record = replay.data?.invocation;
  if (record === undefined) return null;
  return (
    <p className={classes.replayed} role="status">
      Replayed: <StatusMark status={record.outcome ?? record.state} /> in {formatDuration(record.durationMs)}.{' '}
      <Link href={`/invocations/${record.id}`}>Open the replay</Link>
    </p>
  );
}
