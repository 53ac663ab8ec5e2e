import { memo } from 'react';
import { Link } from 'wouter';
import type { ListInvocationsResponses } from '../../../../../src/client/generated/types.gen.ts';
import { visibleText } from '../../../../../src/domain/visible-text.ts';
import { formatDuration } from '../../../shared/format/figures.ts';
import { formatClock, formatDate } from '../../../shared/format/instants.ts';
import { StatusMark } from '../../../shared/values/status-mark.tsx';
import classes from './invocation-table.module.css';

export type InvocationItem = ListInvocationsResponses[200]['items'][number];

const ERROR_CHARS_MAX = 200;

interface Props {
  item: InvocationItem;
  index: number;
  offsetPx: number;
  hasFunctions: boolean;
}

/** One invocation; the whole row is the way to it. */
export const InvocationRow = memo(function InvocationRow({ item, index, offsetPx, hasFunctions }: Props) {
  return (
    <tr
      className={classes.row}
      aria-rowindex={index + 2}
      data-index={index}
      style={{ transform: `translateY(${offsetPx}px)` }}
    >
      <td>
        <StatusMark status={item.outcome ?? item.state} />
      </td>
      {hasFunctions ? <td className={classes.name}>{item.functionName}</td> : null}
      <td>
        <Link href={`/invocations/${item.id}`} className={classes.link}>
          <span className={classes.date}>{formatDate(item.startedAt)} </span>
          {formatClock(item.startedAt)}
        </Link>
      </td>
      <td className={classes.number}>{formatDuration(item.durationMs)}</td>
      <td className={classes.wide} data-start={item.start}>
        {item.start ?? '–'}
      </td>
      <td className={classes.wide}>{item.trigger}</td>
      <td className={classes.wide}>{errorText(item)}</td>
    </tr>
  );
});

function errorText({ attempts }: InvocationItem): string {
  const attempt = attempts.at(-1);
  if (attempt === undefined || attempt.outcome === 'ok') return '';
  const { error } = attempt;
  if (error === null) return attempt.code ?? '';
  return visibleText(`${error.errorType}: ${error.errorMessage}`.slice(0, ERROR_CHARS_MAX), true);
}
