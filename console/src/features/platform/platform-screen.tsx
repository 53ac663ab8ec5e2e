import { plainProse } from '../../../../src/domain/prose.ts';
import { formatDuration } from '../../shared/format/figures.ts';
import { useNow } from '../../shared/format/use-now.ts';
import { PageHeader } from '../../shared/page/page-header.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { StatusMark } from '../../shared/values/status-mark.tsx';
import { HostPanel } from './host-panel.tsx';
import { IsolationDoctor } from './isolation-doctor.tsx';
import { KeysPanel } from './keys/keys-panel.tsx';
import classes from './platform-screen.module.css';
import { PoolPanel } from './pool-panel.tsx';
import { PreparingPanel } from './preparing-panel.tsx';
import { useLivePlatform, usePlatformInfo } from './use-platform.ts';

const LIVE_WORDS = { open: 'live', connecting: 'connecting', lost: 'reconnecting' } as const;

/** The machine under the functions. */
export default function PlatformScreen() {
  const info = usePlatformInfo();
  const live = useLivePlatform();
  return (
    <>
      <PageHeader title="Platform" aside={<StatusMark status={live.liveState} word={LIVE_WORDS[live.liveState]} />}>
        {info.data ? <Facts version={info.data.version} startedAt={info.data.startedAt} /> : null}
      </PageHeader>
      {info.error ? <ProblemNotice error={info.error} onRetry={() => void info.refetch()} /> : null}
      {info.data && info.data.warnings.length > 0 ? (
        <ul className={classes.warnings} aria-label="Warnings">
          {info.data.warnings.map((warning) => (
            <li key={warning}>
              <StatusMark status="lost" word={plainProse(warning)} />
            </li>
          ))}
        </ul>
      ) : null}
      <div className={classes.columns}>
        <div className={classes.column}>
          <HostPanel samples={live.samples} pool={live.pool} dataDir={info.data?.dataDir} />
          <PreparingPanel preparing={info.data?.preparing ?? []} />
          <PoolPanel pool={live.pool} error={live.error} />
        </div>
        <div className={classes.column}>
          <IsolationDoctor />
          <KeysPanel />
        </div>
      </div>
    </>
  );
}

function Facts({ version, startedAt }: { version: string; startedAt: string }) {
  const upMs = Math.max(0, useNow() - Date.parse(startedAt));
  return (
    <span className={classes.facts}>
      version {version} · up {formatDuration(Math.floor(upMs / 1_000) * 1_000)}
    </span>
  );
}
