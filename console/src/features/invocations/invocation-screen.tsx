import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { getInvocation } from '../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { Invocation } from '../../shared/api/types.ts';
import { EmptyState } from '../../shared/page/empty-state.tsx';
import { PageHeader } from '../../shared/page/page-header.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import { Instant } from '../../shared/values/instant.tsx';
import { StatusMark } from '../../shared/values/status-mark.tsx';
import { AttemptSection } from './detail/attempt-section.tsx';
import classes from './detail/detail.module.css';
import { InvocationActions, ReplayOutcome, useReplay } from './detail/invocation-actions.tsx';
import { InvocationFacts } from './detail/invocation-facts.tsx';
import { Payload } from './detail/payload.tsx';

/** While it runs, its end is looked for. */
const RUNNING_MS = 1_000;

export default function InvocationScreen({ id }: { id: string }) {
  const { data, error, refetch } = useQuery<Invocation, ApiProblem>({
    queryKey: queryKeys.invocation(id),
    queryFn: ({ signal }) => call(getInvocation({ client, path: { id }, signal })),
    refetchInterval: ({ state }) => (state.data !== undefined && isUnderWay(state.data) ? RUNNING_MS : false),
    placeholderData: undefined,
  });
  if (error && !data) {
    if (error.status === 404)
      return (
        <EmptyState title="No such invocation" command="coldframe invocations list">
          It was never recorded, or it is older than what is kept (seven days).{' '}
          <Link href="/invocations">Invocations</Link> lists what is there.
        </EmptyState>
      );
    return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  }
  return data ? <LoadedInvocation invocation={data} /> : <SkeletonRows count={10} label="Loading the invocation" />;
}

function LoadedInvocation({ invocation }: { invocation: Invocation }) {
  const replay = useReplay(invocation);
  const { functionName, attempts } = invocation;
  return (
    <>
      <PageHeader
        title={functionName}
        aside={
          <>
            <StatusMark status={invocation.outcome ?? invocation.state} />
            <Instant at={invocation.startedAt} />
          </>
        }
      >
        <InvocationActions invocation={invocation} replay={replay} />
      </PageHeader>
      <ReplayOutcome replay={replay} />
      <InvocationFacts invocation={invocation} />
      <div className={classes.columns}>
        <div>
          {attempts.length === 0 ? <p className={classes.note}>{nothingRan(invocation)}</p> : null}
          {attempts.map((attempt) => (
            <AttemptSection
              key={attempt.number}
              attempt={attempt}
              functionName={functionName}
              isOnly={attempts.length === 1}
            />
          ))}
        </div>
        <div>
          <Payload title="Event" text={invocation.event}>
            Not captured. Events are kept of failures by default; Settings, Capture of{' '}
            <Link href={`/functions/${encodeURIComponent(functionName)}/settings`}>{functionName}</Link> keeps all of
            them, up to 64 KiB each.
          </Payload>
          <Payload title="Result" text={invocation.result}>
            {invocation.outcome === 'ok' ? 'Not captured, or it was streamed.' : 'There is none.'}
          </Payload>
        </div>
      </div>
    </>
  );
}

function isUnderWay({ state }: Invocation): boolean {
  return state === 'queued' || state === 'running' || state === 'retrying';
}

function nothingRan(invocation: Invocation): string {
  return isUnderWay(invocation) ? 'It is under way; this page shows its end by itself.' : 'No attempt of it ran.';
}
