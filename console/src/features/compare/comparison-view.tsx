import { Button, Progress } from '@mantine/core';
import { formatCount } from '../../shared/format/figures.ts';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { Instant } from '../../shared/values/instant.tsx';
import { StatusMark } from '../../shared/values/status-mark.tsx';
import { BarPanel } from './bar-panel.tsx';
import classes from './comparison-view.module.css';
import { FiguresTable } from './figures-table.tsx';
import { panelsOf } from './panels.ts';
import { type Comparison, useCancel } from './use-comparisons.ts';

/** One comparison, drawn and as figures; while it runs, with how far it is. */
export function ComparisonView({ comparison }: { comparison: Comparison }) {
  const panels = panelsOf(comparison.isolations);
  const { id, state, count, createdAt } = comparison;
  return (
    <article className={classes.view} aria-label="Comparison">
      <div className={classes.head}>
        <StatusMark status={state} />
        <span className={classes.fact}>
          {formatCount(count)} {count === 1 ? 'call' : 'calls'} of each start
        </span>
        <span className={classes.fact}>
          <Instant at={createdAt} />
        </span>
        {state === 'running' ? null : (
          <Button
            component="a"
            className={classes.export}
            variant="default"
            href={`/api/v1/comparisons/${encodeURIComponent(id)}?format=csv`}
            download
          >
            Export CSV
          </Button>
        )}
      </div>
      {state === 'running' ? <Running comparison={comparison} /> : null}
      {panels.length === 0 ? null : (
        <>
          <p className={classes.key}>
            <Key kind="main">p50 and its figure</Key>
            <Key kind="reach">p95</Key>
            <Key kind="mark">p99</Key>
            <span>each panel has its own scale</span>
          </p>
          <div className={classes.panels}>
            {panels.map((panel) => (
              <BarPanel key={panel.id} panel={panel} />
            ))}
          </div>
        </>
      )}
      <FiguresTable isolations={comparison.isolations} />
    </article>
  );
}

function Running({ comparison }: { comparison: Comparison }) {
  const cancel = useCancel(comparison.id);
  const { callsDone, callsTotal, isolations } = comparison;
  const now = isolations.find(({ state }) => state === 'running')?.isolation;
  return (
    <>
      <div className={classes.running}>
        <Progress
          className={classes.bar}
          value={(callsDone / Math.max(1, callsTotal)) * 100}
          aria-label="Calls done"
          transitionDuration={200}
        />
        <span role="status" className={classes.fact}>
          {callsDone} of {callsTotal} calls{now ? `, ${now}` : ''}
        </span>
        <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      </div>
      {cancel.error && cancel.error.code !== 'comparison_finished' ? <ProblemNotice error={cancel.error} /> : null}
    </>
  );
}

function Key({ kind, children }: { kind: 'main' | 'reach' | 'mark'; children: string }) {
  return (
    <span className={classes.sign}>
      <span className={classes.swatch} data-kind={kind} aria-hidden="true" /> {children}
    </span>
  );
}
