import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useRef, useState } from 'react';
import { Link } from 'wouter';
import { useFunctionList } from '../../shared/api/use-function-list.ts';
import { useHotkey } from '../../shared/keyboard/use-hotkey.ts';
import { EmptyState } from '../../shared/page/empty-state.tsx';
import { PageHeader } from '../../shared/page/page-header.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import { useUrlState } from '../../shared/url/use-url-state.ts';
import { DeleteFunctionDialog } from './delete-function-dialog.tsx';
import { chooseRows, parseSort, toggleSort } from './function-row-data.ts';
import classes from './functions-screen.module.css';
import { FunctionsTable } from './functions-table.tsx';
import { useActivity } from './use-activity.ts';

const WINDOWS = [
  { value: '15m', label: '15 min' },
  { value: '1h', label: '1 h' },
  { value: '24h', label: '24 h' },
  { value: '7d', label: '7 d' },
];

/** Every function with what it did lately. */
export function FunctionsScreen() {
  const [{ q, sort, window }, setUrl] = useUrlState({ q: '', sort: 'name', window: '1h' });
  const functions = useFunctionList();
  const activity = useActivity(window);
  const [doomed, setDoomed] = useState<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  useHotkey('/', () => search.current?.focus());

  const order = parseSort(sort);
  const all = (functions.data?.items ?? []).map((fn) => ({ fn, activity: activity.data?.get(fn.id) ?? null }));
  const rows = chooseRows(all, q, order);
  return (
    <>
      <PageHeader
        title="Functions"
        aside={<Tally shown={rows.length} total={all.length} isLoaded={!!functions.data} />}
      >
        {all.length > 0 ? (
          <>
            <TextInput
              ref={search}
              className={classes.search}
              type="search"
              placeholder="Search  /"
              aria-label="Search functions"
              value={q}
              onChange={(event) => setUrl({ q: event.currentTarget.value })}
              onKeyDown={(event) => {
                if (event.key === 'Escape') setUrl({ q: '' });
              }}
            />
            <SegmentedControl
              aria-label="Figures of the last"
              data={WINDOWS}
              value={window}
              onChange={(value) => setUrl({ window: value }, 'push')}
            />
          </>
        ) : null}
        <Button component={Link} href="/new">
          New function
        </Button>
      </PageHeader>
      {functions.error ? <ProblemNotice error={functions.error} onRetry={() => void functions.refetch()} /> : null}
      {activity.error && !functions.error ? (
        <ProblemNotice error={activity.error} onRetry={() => void activity.refetch()} />
      ) : null}
      {functions.isPending ? <SkeletonRows count={8} label="Loading functions" /> : null}
      {functions.data && all.length === 0 ? <NoFunctions /> : null}
      {all.length > 0 ? (
        <FunctionsTable
          rows={rows}
          sort={order}
          hasFigures={activity.data !== undefined}
          onSort={(key) => setUrl({ sort: toggleSort(order, key) })}
          onDelete={setDoomed}
        />
      ) : null}
      {all.length > 0 && rows.length === 0 ? (
        <EmptyState
          title="Nothing matches"
          action={
            <Button variant="default" onClick={() => setUrl({ q: '' })}>
              Show all {all.length}
            </Button>
          }
        >
          No name, description, runtime or tag holds “{q}”.
        </EmptyState>
      ) : null}
      {functions.data?.isComplete === false ? (
        <p className={classes.note}>
          The first {all.length.toLocaleString('en')} are shown; <code>coldframe functions list</code> has the rest.
        </p>
      ) : null}
      <DeleteFunctionDialog name={doomed} onClose={() => setDoomed(null)} />
    </>
  );
}

function Tally({ shown, total, isLoaded }: { shown: number; total: number; isLoaded: boolean }) {
  if (!isLoaded || total === 0) return null;
  return (
    <span className={classes.tally} role="status">
      {shown === total ? total.toLocaleString('en') : `${shown.toLocaleString('en')} of ${total.toLocaleString('en')}`}
    </span>
  );
}

function NoFunctions() {
  return (
    <EmptyState
      title="No functions yet"
      command={'coldframe init hello-node hello\ncoldframe deploy hello'}
      action={
        <Button component={Link} href="/new">
          Start from a template
        </Button>
      }
    >
      A function is a file with a handler. Start from a template here, or from your own editor with the command line:
    </EmptyState>
  );
}
