import type { PoolState } from '../../shared/api/types.ts';
import { formatMemory, formatPercent, UNKNOWN } from '../../shared/format/figures.ts';
import { Section } from '../../shared/page/section.tsx';
import { Sparkline } from '../../shared/values/sparkline.tsx';
import classes from './host-panel.module.css';
import type { HostSample } from './use-platform.ts';

interface Props {
  samples: readonly HostSample[];
  pool: PoolState | undefined;
  dataDir: string | undefined;
}

export function HostPanel({ samples, pool, dataDir }: Props) {
  const last = samples.at(-1);
  const usedMib = last ? last.memoryTotalMib - last.memoryAvailableMib : null;
  return (
    <Section title="Host">
      <dl className={classes.facts}>
        <Meter
          label="CPU"
          value={formatPercent(last?.cpuShare)}
          of={last ? `of ${last.cores} ${last.cores === 1 ? 'core' : 'cores'}` : ''}
          share={last?.cpuShare ?? null}
          history={samples.flatMap(({ cpuShare }) => (cpuShare === null ? [] : [cpuShare]))}
          top={1}
        />
        <Meter
          label="Memory"
          value={formatMemory(usedMib)}
          of={last ? `of ${formatMemory(last.memoryTotalMib)}` : ''}
          share={last && usedMib !== null ? usedMib / last.memoryTotalMib : null}
          history={samples.map(({ memoryTotalMib, memoryAvailableMib }) => memoryTotalMib - memoryAvailableMib)}
          top={last?.memoryTotalMib}
        />
        <Meter
          label="Server process"
          value={formatMemory(last?.serverMemoryMib)}
          of=""
          share={null}
          history={samples.map(({ serverMemoryMib }) => serverMemoryMib)}
        />
        <Meter
          label="Idle sandboxes"
          value={formatMemory(pool?.idleMib)}
          of={pool ? `of ${formatMemory(pool.idleBudgetMib)}` : ''}
          share={pool ? pool.idleMib / Math.max(1, pool.idleBudgetMib) : null}
          history={[]}
        />
      </dl>
      <p className={classes.data}>
        Data in <code>{dataDir ?? UNKNOWN}</code>
      </p>
    </Section>
  );
}

interface MeterProps {
  label: string;
  value: string;
  of: string;
  /** 0 to 1; null draws no bar. */
  share: number | null;
  history: readonly number[];
  /** The top of the history's scale. */
  top?: number;
}

function Meter({ label, value, of, share, history, top }: MeterProps) {
  return (
    <div className={classes.meter}>
      <dt>{label}</dt>
      <dd>
        <span className={classes.value}>{value}</span> <span className={classes.of}>{of}</span>
        {share === null ? null : (
          <svg className={classes.bar} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
            <rect className={classes.track} width="100" height="4" />
            <rect className={classes.fill} width={Math.min(100, share * 100)} height="4" />
          </svg>
        )}
        {history.length > 1 ? <Sparkline values={history} top={top} /> : null}
      </dd>
    </div>
  );
}
