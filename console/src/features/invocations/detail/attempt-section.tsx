import type { Attempt } from '../../../shared/api/types.ts';
import { ErrorView } from '../../../shared/attempt/error-view.tsx';
import { LogLines } from '../../../shared/attempt/log-lines.tsx';
import { Waterfall } from '../../../shared/attempt/waterfall.tsx';
import { formatDuration } from '../../../shared/format/figures.ts';
import { StatusMark } from '../../../shared/values/status-mark.tsx';
import classes from './detail.module.css';
import { UsageFacts } from './invocation-facts.tsx';
import { ReceiptFacts } from './receipt-facts.tsx';

interface Props {
  attempt: Attempt;
  functionName: string;
  /** With one attempt there is nothing to count. */
  isOnly: boolean;
}

/** One run: where its time went, what it threw and printed, what it used and what fenced it. */
export function AttemptSection({ attempt, functionName, isOnly }: Props) {
  return (
    <section className={classes.attempt} aria-label={`Attempt ${attempt.number}`}>
      {isOnly ? null : (
        <h2 className={classes.heading}>
          Attempt {attempt.number} <StatusMark status={attempt.outcome} />
        </h2>
      )}
      {attempt.error === null ? null : <ErrorView error={attempt.error} functionName={functionName} />}
      {attempt.error === null && attempt.code !== null ? (
        <p className={classes.note}>
          Ended by the platform:{' '}
          <a href={`/errors/${encodeURIComponent(attempt.code)}`} target="_blank" rel="noreferrer">
            {attempt.code}
          </a>
        </p>
      ) : null}
      {attempt.clientGone ? <p className={classes.note}>The caller had gone before the reply was ready.</p> : null}
      {attempt.pausedMs === null || attempt.pausedMs === 0 ? null : (
        <p className={classes.note}>
          It printed or sent more than is taken from one sandbox, so the host read nothing from it for{' '}
          {formatDuration(attempt.pausedMs)}.
        </p>
      )}
      <h3 className={classes.heading}>Time</h3>
      <Waterfall attempt={attempt} />
      <h3 className={classes.heading}>Logs</h3>
      <div className={classes.logs}>
        <LogLines lines={attempt.logs} isTruncated={attempt.logsTruncated} />
      </div>
      <h3 className={classes.heading}>Used</h3>
      <UsageFacts attempt={attempt} />
      {attempt.receipt === null ? null : (
        <>
          <h3 className={classes.heading}>Receipt</h3>
          <ReceiptFacts receipt={attempt.receipt} />
        </>
      )}
    </section>
  );
}
