import { NativeSelect } from '@mantine/core';
import type { ColdframeFunction } from '../../shared/api/types.ts';
import { formatInstant } from '../../shared/format/instants.ts';
import { EmptyState } from '../../shared/page/empty-state.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import { useUrlState } from '../../shared/url/use-url-state.ts';
import { CompareForm } from './compare-form.tsx';
import classes from './compare-tab.module.css';
import { ComparisonView } from './comparison-view.tsx';
import { type Comparison, useComparison, useComparisons, useIsolations, useStart } from './use-comparisons.ts';

/** The same function under several isolations: start one, watch it, look at those that are kept. */
export default function CompareTab({ fn }: { fn: ColdframeFunction }) {
  const [{ comparison: chosen }, setUrl] = useUrlState({ comparison: '' });
  const isolations = useIsolations();
  const kept = useComparisons(fn.name);
  const start = useStart(fn.name, ({ id }) => setUrl({ comparison: id }, 'push'));
  const id = chosen === '' ? (kept.data?.[0]?.id ?? null) : chosen;
  const shown = useComparison(fn.name, id);
  const isRunning = start.isPending || shown.data?.state === 'running';
  return (
    <div className={classes.tab}>
      {isolations.error ? <ProblemNotice error={isolations.error} onRetry={() => void isolations.refetch()} /> : null}
      {isolations.data ? (
        <CompareForm
          runtime={fn.runtime}
          isolations={isolations.data}
          isRunning={isRunning}
          onStart={(request) => start.mutate(request)}
        />
      ) : null}
      {start.error ? <ProblemNotice error={start.error} /> : null}
      {kept.error ? <ProblemNotice error={kept.error} onRetry={() => void kept.refetch()} /> : null}
      {kept.data && kept.data.length > 1 ? (
        <NativeSelect
          className={classes.kept}
          aria-label="Comparison shown"
          value={id ?? ''}
          onChange={(changed) => setUrl({ comparison: changed.currentTarget.value }, 'push')}
          data={kept.data.map((one) => ({ value: one.id, label: nameOf(one) }))}
        />
      ) : null}
      {shown.error ? <ProblemNotice error={shown.error} onRetry={() => void shown.refetch()} /> : null}
      {shown.data ? <ComparisonView comparison={shown.data} /> : null}
      {kept.isPending || (id !== null && shown.isPending) ? <SkeletonRows label="Loading comparisons" /> : null}
      {kept.data?.length === 0 && id === null ? (
        <EmptyState title="Not compared yet" command={`coldframe compare ${fn.name}`}>
          Runs this function under each isolation you choose, in sandboxes of their own, and draws cold, claimed and
          warm starts, CPU and memory side by side. Calls from elsewhere go on meanwhile.
        </EmptyState>
      ) : null}
    </div>
  );
}

function nameOf({ createdAt, state, isolations }: Comparison): string {
  const ran = isolations.filter(({ starts }) => starts.length > 0).map(({ isolation }) => isolation);
  return `${formatInstant(createdAt)} · ${state} · ${ran.length === 0 ? 'nothing ran' : ran.join(', ')}`;
}
