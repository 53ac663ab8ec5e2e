import { useQuery } from '@tanstack/react-query';
import { Activity, Suspense, useState } from 'react';
import { Link } from 'wouter';
import { getFunction } from '../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { ColdframeFunction } from '../../shared/api/types.ts';
import { CopyButton } from '../../shared/controls/copy-button.tsx';
import { EmptyState } from '../../shared/page/empty-state.tsx';
import { ErrorBoundary } from '../../shared/page/error-boundary.tsx';
import { PageHeader } from '../../shared/page/page-header.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import { lazyPiece } from '../../shared/pieces/lazy-piece.ts';
import { StatusMark } from '../../shared/values/status-mark.tsx';
import classes from './function-screen.module.css';

const CodeTab = lazyPiece(() => import('../../features/editor/code-tab.tsx'));
const MonitorTab = lazyPiece(() => import('../../features/monitor/monitor-tab.tsx'));
const CompareTab = lazyPiece(() => import('../../features/compare/compare-tab.tsx'));
const InvocationsTab = lazyPiece(() => import('../../features/invocations/invocations-tab.tsx'));
const LogsTab = lazyPiece(() => import('../../features/logs/logs-tab.tsx'));
const SettingsTab = lazyPiece(() => import('../../features/settings/settings-tab.tsx'));

const TABS = [
  { id: 'code', label: 'Code' },
  { id: 'monitor', label: 'Monitor' },
  { id: 'invocations', label: 'Invocations' },
  { id: 'logs', label: 'Logs' },
  { id: 'compare', label: 'Compare' },
  { id: 'settings', label: 'Settings' },
] as const;

/** One function: its head, and the tab that the address names. */
export default function FunctionScreen({ name, tab }: { name: string; tab: string }) {
  const { data, error, refetch } = useQuery<ColdframeFunction, ApiProblem>({
    queryKey: queryKeys.function(name),
    queryFn: ({ signal }) => call(getFunction({ client, path: { name }, signal })),
    placeholderData: undefined,
  });
  if (error && !data) {
    if (error.status === 404)
      return (
        <EmptyState
          title={`No function ${name}`}
          command={`coldframe init hello-node ${name} && coldframe deploy ${name}`}
        >
          It may have been deleted or renamed. <Link href="/">All functions</Link> lists what is there.
        </EmptyState>
      );
    return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  }
  if (!data) return <SkeletonRows label={`Loading ${name}`} />;
  return <LoadedFunction fn={data} tab={tab} />;
}

function LoadedFunction({ fn, tab }: { fn: ColdframeFunction; tab: string }) {
  // The code stays mounted once it was seen: what was typed and what came back are still there after a look at the logs.
  const [hasSeenCode, setHasSeenCode] = useState(tab === 'code');
  if (tab === 'code' && !hasSeenCode) setHasSeenCode(true);
  return (
    <div className={classes.screen}>
      <PageHeader
        title={fn.name}
        aside={
          <>
            <StatusMark status={fn.state} />
            <span className={classes.fact}>{fn.runtime}</span>
            <span className={classes.fact}>{fn.effectiveIsolation}</span>
          </>
        }
      >
        <span className={classes.url}>
          <code>{fn.url}</code>
          <CopyButton text={fn.url} label="Copy URL" />
        </span>
      </PageHeader>
      <Tabs name={fn.name} tab={tab} />
      <div className={classes.body}>
        {hasSeenCode ? (
          <Activity mode={tab === 'code' ? 'visible' : 'hidden'}>
            <ErrorBoundary resetKey={tab}>
              <Suspense fallback={<SkeletonRows count={12} />}>
                <CodeTab fn={fn} />
              </Suspense>
            </ErrorBoundary>
          </Activity>
        ) : null}
        <ErrorBoundary resetKey={tab}>
          <Suspense fallback={<SkeletonRows />}>
            {tab === 'monitor' ? <MonitorTab fn={fn} /> : null}
            {tab === 'invocations' ? <InvocationsTab fn={fn} /> : null}
            {tab === 'logs' ? <LogsTab fn={fn} /> : null}
            {tab === 'compare' ? <CompareTab fn={fn} /> : null}
            {tab === 'settings' ? <SettingsTab fn={fn} /> : null}
          </Suspense>
        </ErrorBoundary>
      </div>
    </div>
  );
}

function Tabs({ name, tab }: { name: string; tab: string }) {
  return (
    <nav className={classes.tabs} aria-label={`Views of ${name}`}>
      {TABS.map(({ id, label }) => (
        <Link
          key={id}
          href={`/functions/${encodeURIComponent(name)}${id === 'code' ? '' : `/${id}`}`}
          className={classes.tab}
          aria-current={id === tab ? 'page' : undefined}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
