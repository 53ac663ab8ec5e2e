import { plainProse } from '../../../../src/domain/prose.ts';
import type { IsolationStatus } from '../../shared/api/types.ts';
import { CommandLine } from '../../shared/controls/command-line.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { Prose } from '../../shared/page/prose.tsx';
import { Section } from '../../shared/page/section.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import { StatusMark } from '../../shared/values/status-mark.tsx';
import classes from './isolation-doctor.module.css';
import { useIsolation } from './use-platform.ts';

/** Which fences are usable here, why the others are not, and what mends them. */
export function IsolationDoctor() {
  const { data, error, refetch } = useIsolation();
  return (
    <Section title="Isolation">
      {error && !data ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <SkeletonRows count={4} label="Loading isolations" /> : null}
      {data?.map((one) => (
        <Isolation key={one.isolation} status={one} />
      ))}
    </Section>
  );
}

function Isolation({ status }: { status: IsolationStatus }) {
  const unenforced = Object.entries(status.enforced ?? {}).flatMap(([limit, isEnforced]) =>
    isEnforced ? [] : [limit],
  );
  return (
    <div className={classes.item}>
      <div className={classes.head}>
        <b>{status.isolation}</b>
        <StatusMark status={status.state} />
        {status.runtimes.length > 0 ? <span className={classes.quiet}>{status.runtimes.join(', ')}</span> : null}
      </div>
      <p className={classes.detail}>
        <Prose text={status.detail} />
      </p>
      {status.state === 'usable' && (status.fence === 'none' || unenforced.length > 0) ? (
        <p className={classes.detail}>
          {status.fence === 'none' ? 'No fence: the function sees this machine. ' : ''}
          {unenforced.length > 0 ? `Not enforced: ${unenforced.join(', ')}.` : ''}
        </p>
      ) : null}
      {status.fix === null ? null : <CommandLine command={plainProse(status.fix)} />}
    </div>
  );
}
