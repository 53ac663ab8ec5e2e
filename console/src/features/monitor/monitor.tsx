import { SegmentedControl } from '@mantine/core';
import { Suspense } from 'react';
import { useLocation } from 'wouter';
import { formatCount, formatDuration, formatPercent } from '../../shared/format/figures.ts';
import { EmptyState } from '../../shared/page/empty-state.tsx';
import { ErrorBoundary } from '../../shared/page/error-boundary.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import { lazyPiece } from '../../shared/pieces/lazy-piece.ts';
import { useUrlState } from '../../shared/url/use-url-state.ts';
import { LiveMark } from '../../shared/values/live-mark.tsx';
import { invocationsHref } from './invocations-href.ts';
import { MetricsTable } from './metrics-table.tsx';
import { metricsWindow, WINDOWS } from './metrics-window.ts';
import classes from './monitor.module.css';
import { type MetricsReply, useMetrics } from './use-metrics.ts';

const Charts = lazyPiece(() => import('./charts/charts.tsx'));

/** What one function did, or all of them (null), over a window that ends now. */
export function Monitor({ functionName }: { functionName: string | null }) {
  const [state, setState] = useUrlState({ window: '1h', as: 'charts' });
  const [, navigate] = useLocation();
  const window = metricsWindow(state.window);
  const { data, error, refetch, live } = useMetrics(functionName, window.value);
  const isEmpty = data !== undefined && data.totals.invocations + data.totals.errors + data.totals.throttles === 0;
  return (
    <>
      <div className={classes.controls}>
        <SegmentedControl
          aria-label="Window"
          data={WINDOWS.map(({ value, label }) => ({ value, label }))}
          value={window.value}
          onChange={(value) => setState({ window: value })}
        />
        <SegmentedControl
          aria-label="Shown as"
          data={[
            { value: 'charts', label: 'Charts' },
            { value: 'table', label: 'Table' },
          ]}
          value={state.as === 'table' ? 'table' : 'charts'}
          onChange={(value) => setState({ as: value })}
        />
        <LiveMark state={live} />
        {data === undefined || isEmpty ? null : <Totals totals={data.totals} />}
      </div>
      {error ? <ProblemNotice error={error} onRetry={refetch} /> : null}
      {data === undefined && !error ? <SkeletonRows count={10} label="Loading the figures" /> : null}
      {isEmpty ? <NothingYet functionName={functionName} words={window.words} /> : null}
      {data === undefined || isEmpty ? null : state.as === 'table' ? (
        <MetricsTable metrics={data} functionName={functionName} />
      ) : (
        <ErrorBoundary>
          <Suspense fallback={<SkeletonRows count={10} label="Loading the charts" />}>
            <Charts metrics={data} onRange={(fromMs, toMs) => navigate(invocationsHref(functionName, fromMs, toMs))} />
          </Suspense>
        </ErrorBoundary>
      )}
    </>
  );
}

function Totals({ totals }: { totals: MetricsReply['totals'] }) {
  const starts = totals.cold + totals.claimed + totals.warm;
  const facts = [
    ['invocations', formatCount(totals.invocations)],
    ['failed', formatPercent(totals.errorRate)],
    ['p95', formatDuration(totals.p95Ms)],
    ['not warm', formatPercent(starts === 0 ? null : (totals.cold + totals.claimed) / starts)],
  ] as const;
  return (
    <dl className={classes.totals} aria-label="The whole window">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function NothingYet({ functionName, words }: { functionName: string | null; words: string }) {
  const name = functionName ?? 'my-function';
  return (
    <EmptyState title={`No invocations in ${words}`} command={`coldframe invoke ${name} --event '{"name": "Ada"}'`}>
      Pick a longer window, or call {functionName ?? 'a function'}: its figures appear here within a second or two.
    </EmptyState>
  );
}
