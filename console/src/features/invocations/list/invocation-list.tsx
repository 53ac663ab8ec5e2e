import { Button, SegmentedControl } from '@mantine/core';
import { formatCount } from '../../../shared/format/figures.ts';
import { EmptyState } from '../../../shared/page/empty-state.tsx';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../../shared/page/skeleton-rows.tsx';
import { useUrlState } from '../../../shared/url/use-url-state.ts';
import { LiveMark } from '../../../shared/values/live-mark.tsx';
import { ErrorGroups } from './error-groups.tsx';
import { FilterBar } from './filter-bar.tsx';
import classes from './invocation-list.module.css';
import { InvocationTable } from './invocation-table.tsx';
import { isFiltered, NO_FILTERS } from './list-filters.ts';
import { useInvocations } from './use-invocations.ts';

const AT_TOP_PX = 4;

/** The invocations of one function or of all (null), narrowed by what the address says. */
export function InvocationList({ functionName }: { functionName: string | null }) {
  const [filters, setFilters] = useUrlState(NO_FILTERS);
  const list = useInvocations(filters, functionName, () => window.scrollY <= AT_TOP_PX);
  const groupedOf = functionName ?? (filters.function || null);
  const isGrouped = filters.view === 'errors';
  return (
    <>
      <FilterBar filters={filters} set={setFilters} hasFunctions={functionName === null} hasChoices={!isGrouped}>
        <SegmentedControl
          aria-label="View"
          data={[
            { value: '', label: 'All' },
            { value: 'errors', label: 'Errors, grouped' },
          ]}
          value={isGrouped ? 'errors' : ''}
          onChange={(view) => setFilters({ view })}
        />
        <LiveMark state={list.live} />
      </FilterBar>
      {isGrouped ? (
        <ErrorGroups functionName={groupedOf} filters={filters} />
      ) : (
        <>
          {list.error ? <ProblemNotice error={list.error} onRetry={list.refetch} /> : null}
          {list.isPending && !list.error ? <SkeletonRows count={12} label="Loading invocations" /> : null}
          {!list.isPending && list.items.length === 0 && !list.error ? (
            <Nothing isNarrowed={isFiltered(filters)} functionName={groupedOf} />
          ) : null}
          {list.items.length > 0 ? (
            <div className={classes.list}>
              {list.hasNews ? (
                <Button
                  className={classes.news}
                  size="compact-sm"
                  onClick={() => {
                    list.showNews();
                    window.scrollTo({ top: 0 });
                  }}
                >
                  Show newer invocations
                </Button>
              ) : null}
              <InvocationTable
                items={list.items}
                hasFunctions={functionName === null}
                isComplete={list.isComplete}
                onNearEnd={list.loadMore}
              />
              <p className={classes.foot} role="status">
                {formatCount(list.items.length)} {list.items.length === 1 ? 'invocation' : 'invocations'}
                {list.isComplete ? null : ' loaded'}
                {list.isFull ? '; narrow the filters to see further back' : null}
              </p>
            </div>
          ) : null}
        </>
      )}
    </>
  );
}

function Nothing({ isNarrowed, functionName }: { isNarrowed: boolean; functionName: string | null }) {
  if (isNarrowed)
    return (
      <EmptyState title="No invocation fits these filters">
        Clear some of them, or take a longer time. Throttled and rejected calls are counted in Monitor, not listed here.
      </EmptyState>
    );
  const name = functionName ?? 'my-function';
  return (
    <EmptyState title="No invocations yet" command={`coldframe invoke ${name} --event '{"name": "Ada"}'`}>
      Every call appears here with its phases, logs and receipt, as it happens. They are kept for seven days.
    </EmptyState>
  );
}
