import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { functionErrors } from '../../../../../src/client/generated/sdk.gen.ts';
import type { FunctionErrorsResponses } from '../../../../../src/client/generated/types.gen.ts';
import { visibleText } from '../../../../../src/domain/visible-text.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import { frameHref } from '../../../shared/attempt/author-frame.ts';
import { formatCount } from '../../../shared/format/figures.ts';
import { useActivity } from '../../../shared/live/use-activity.ts';
import { EmptyState } from '../../../shared/page/empty-state.tsx';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../../shared/page/skeleton-rows.tsx';
import { Instant } from '../../../shared/values/instant.tsx';
import { StatusMark } from '../../../shared/values/status-mark.tsx';
import classes from './error-groups.module.css';
import { type Filters, timesOf } from './list-filters.ts';

type Errors = FunctionErrorsResponses[200];
type Group = Errors['groups'][number];

/** Failures by error type and the author's own line they came from, the most frequent first. */
export function ErrorGroups({ functionName, filters }: { functionName: string | null; filters: Filters }) {
  if (functionName === null)
    return (
      <EmptyState title="Pick a function">
        Errors are grouped within one function: its code is where they come from. Choose it at the left of the filters.
      </EmptyState>
    );
  return <GroupsOf functionName={functionName} filters={filters} />;
}

function GroupsOf({ functionName, filters }: { functionName: string; filters: Filters }) {
  const { within, from, to, tried } = filters;
  const { data, error, refetch } = useQuery<Errors, ApiProblem>({
    queryKey: [...queryKeys.function(functionName), 'errors', { within, from, to, tried }],
    queryFn: ({ signal }) =>
      call(
        functionErrors({
          client,
          path: { name: functionName },
          query: { ...timesOf(filters, Date.now()), ...(tried === '' ? {} : { tried: true }) },
          signal,
        }),
      ),
  });
  useActivity(functionName, () => void refetch());
  if (error && !data) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label="Grouping errors" />;
  if (data.groups.length === 0)
    return (
      <EmptyState title="No failures">
        {functionName} has not failed in this time. What it throws shows up here, grouped by where it was thrown.
      </EmptyState>
    );
  return (
    <>
      <ol className={classes.groups} aria-label="Errors, grouped">
        {data.groups.map((group) => (
          <GroupRow key={`${group.lastInvocationId} ${group.outcome}`} group={group} functionName={functionName} />
        ))}
      </ol>
      {data.isComplete ? null : (
        <p className={classes.note}>Only the newest {formatCount(data.failures)} failures of this time were grouped.</p>
      )}
    </>
  );
}

function GroupRow({ group, functionName }: { group: Group; functionName: string }) {
  const { topFrame } = group;
  const frame =
    topFrame === null || topFrame.file === null || topFrame.line === null
      ? null
      : { file: topFrame.file, line: topFrame.line, column: null };
  return (
    <li className={classes.group}>
      <span className={classes.count} title={`${group.count} invocations`}>
        {formatCount(group.count)}
      </span>
      <div className={classes.what}>
        <p className={classes.error}>
          <b>{visibleText(group.errorType, true)}</b> {visibleText(group.lastMessage, true)}
        </p>
        <p className={classes.where}>
          <StatusMark status={group.outcome} />
          {frame === null ? (
            <span>no line of your own code</span>
          ) : (
            <Link href={frameHref(functionName, frame)} title="Show this line in the editor">
              {visibleText(frame.file, true)}:{frame.line}
            </Link>
          )}
          <span>
            first <Instant at={group.firstAt} />, last <Instant at={group.lastAt} />
          </span>
          <Link href={`/invocations/${group.lastInvocationId}`}>newest invocation</Link>
        </p>
      </div>
    </li>
  );
}
