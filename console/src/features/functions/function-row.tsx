import { Menu } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';
import { MoreButton } from '../../shared/controls/more-button.tsx';
import { formatDuration, formatPercent, formatPerMinute } from '../../shared/format/figures.ts';
import { Figure } from '../../shared/values/figure.tsx';
import { Instant } from '../../shared/values/instant.tsx';
import { Sparkline } from '../../shared/values/sparkline.tsx';
import { StatusMark } from '../../shared/values/status-mark.tsx';
import type { FunctionRowData, ListedActivity } from './function-row-data.ts';
import classes from './functions-table.module.css';

interface Props {
  row: FunctionRowData;
  index: number;
  /** From the top of the table's body. */
  offsetPx: number;
  hasFigures: boolean;
  measure(element: Element | null): void;
  onDelete(name: string): void;
}

export const FunctionRow = memo(function FunctionRow(props: Props) {
  const { fn, activity } = props.row;
  const path = `/functions/${encodeURIComponent(fn.name)}`;
  const figure = (text: string): string => (props.hasFigures ? text : '');
  return (
    <tr
      className={classes.row}
      data-index={props.index}
      aria-rowindex={props.index + 2}
      ref={props.measure}
      style={{ transform: `translateY(${props.offsetPx}px)` }}
    >
      <Cell className={classes.name}>
        <Link href={path} className={classes.link}>
          {fn.name}
        </Link>
        {fn.description === '' ? null : <span className={classes.description}>{fn.description}</span>}
      </Cell>
      <Cell className={classes.runtime}>{fn.runtime}</Cell>
      <Cell className={classes.isolation}>{fn.effectiveIsolation}</Cell>
      <Cell className={classes.last}>
        <LastOutcome state={fn.state} activity={activity} hasFigures={props.hasFigures} />
      </Cell>
      <Cell className={classes.number}>
        <Figure>{figure(formatPerMinute(activity?.callsPerMinute ?? 0))}</Figure>
      </Cell>
      <Cell className={classes.number}>
        <Figure>{figure(formatDuration(activity?.p95Ms))}</Figure>
      </Cell>
      <Cell className={`${classes.number} ${activity?.errorRate ? classes.failing : ''}`}>
        <Figure>{figure(formatPercent(activity?.errorRate))}</Figure>
      </Cell>
      <Cell className={classes.spark}>
        <Sparkline values={activity?.sparkline ?? []} />
      </Cell>
      <Cell className={classes.actions}>
        <RowMenu name={fn.name} path={path} url={fn.url} onDelete={props.onDelete} />
      </Cell>
    </tr>
  );
});

function Cell({ className, children }: { className?: string; children: React.ReactNode }) {
  return <td className={className}>{children}</td>;
}

interface LastProps {
  state: string;
  activity: ListedActivity | null;
  hasFigures: boolean;
}

/** A function that cannot answer says that first. */
function LastOutcome({ state, activity, hasFigures }: LastProps) {
  if (state !== 'active') return <StatusMark status={state} />;
  if (!hasFigures) return null;
  if (!activity?.lastOutcome) return <span className={classes.quiet}>never called</span>;
  return (
    <>
      <StatusMark status={activity.lastOutcome} />
      {activity.lastAt ? (
        <span className={classes.quiet}>
          <Instant at={activity.lastAt} />
        </span>
      ) : null}
    </>
  );
}

interface MenuProps {
  name: string;
  path: string;
  url: string;
  onDelete(name: string): void;
}

function RowMenu({ name, path, url, onDelete }: MenuProps) {
  return (
    <Menu position="bottom-end" width={180} transitionProps={{ duration: 80 }}>
      <Menu.Target>
        <MoreButton label={`Actions of ${name}`} />
      </Menu.Target>
      <Menu.Dropdown>
        {['monitor', 'invocations', 'logs', 'settings'].map((tab) => (
          <Menu.Item key={tab} component={Link} href={`${path}/${tab}`}>
            {tab.slice(0, 1).toUpperCase() + tab.slice(1)}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => void navigator.clipboard.writeText(url)}>Copy URL</Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" onClick={() => onDelete(name)}>
          Delete…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
