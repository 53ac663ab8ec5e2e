import { Link } from 'wouter';
import { formatCount, formatDuration, formatMemory, formatPercent } from '../../shared/format/figures.ts';
import { formatInstant } from '../../shared/format/instants.ts';
import { invocationsHref } from './invocations-href.ts';
import classes from './metrics-table.module.css';
import type { MetricsPoint, MetricsReply } from './use-metrics.ts';

const COLUMNS: { head: string; cell(point: MetricsPoint, stepMs: number): string }[] = [
  { head: 'Invocations', cell: (point) => formatCount(point.invocations) },
  { head: 'Failed', cell: (point) => formatCount(point.errors) },
  { head: 'Throttled', cell: (point) => formatCount(point.throttles) },
  { head: 'p50', cell: (point) => formatDuration(point.p50Ms) },
  { head: 'p95', cell: (point) => formatDuration(point.p95Ms) },
  { head: 'p99', cell: (point) => formatDuration(point.p99Ms) },
  { head: 'Cold', cell: (point) => shareOf(point.cold, point) },
  { head: 'Claimed', cell: (point) => shareOf(point.claimed, point) },
  { head: 'Warm', cell: (point) => shareOf(point.warm, point) },
  { head: 'In flight', cell: (point) => String(Number(point.averageConcurrency.toPrecision(2))) },
  { head: 'CPU time', cell: (point) => formatDuration(point.cpuMs) },
  { head: 'Memory', cell: (point) => formatMemory(point.maxMemoryMib) },
];

/** The charts' figures as a table: the newest step first, steps in which nothing happened left out. */
export function MetricsTable({ metrics, functionName }: { metrics: MetricsReply; functionName: string | null }) {
  const points = metrics.points.filter((point) => point.invocations + point.errors + point.throttles > 0).reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section className={classes.scroller} tabIndex={0} aria-label="Figures by time">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {COLUMNS.map(({ head }) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map((point) => {
            const fromMs = Date.parse(point.at);
            return (
              <tr key={point.at}>
                <th scope="row">
                  <Link href={invocationsHref(functionName, fromMs, fromMs + metrics.stepMs)}>
                    {formatInstant(point.at)}
                  </Link>
                </th>
                {COLUMNS.map(({ head, cell }) => (
                  <td key={head}>{cell(point, metrics.stepMs)}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function shareOf(part: number, { cold, claimed, warm }: MetricsPoint): string {
  const starts = cold + claimed + warm;
  return formatPercent(starts === 0 ? null : part / starts);
}
