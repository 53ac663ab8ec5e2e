import { plainProse } from '../../../../src/domain/prose.ts';
import { formatCount, formatDuration, formatMemory } from '../../shared/format/figures.ts';
import { StatusMark } from '../../shared/values/status-mark.tsx';
import classes from './figures-table.module.css';
import type { ComparedIsolation } from './use-comparisons.ts';

const HEADS = ['Calls', 'Failed', 'p50', 'p95', 'p99', 'CPU', 'Peak memory'];

/** Every figure as text, and every isolation that has none with the reason. */
export function FiguresTable({ isolations }: { isolations: readonly ComparedIsolation[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section className={classes.scroller} tabIndex={0} aria-label="Figures by isolation">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Isolation</th>
            <th scope="col">State</th>
            <th scope="col">Start</th>
            {HEADS.map((head) => (
              <th key={head} scope="col" className={classes.number}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        {isolations.map((one) => (
          <IsolationRows key={one.isolation} compared={one} />
        ))}
      </table>
    </section>
  );
}

function IsolationRows({ compared }: { compared: ComparedIsolation }) {
  const { isolation, state, starts, fence } = compared;
  const note = noteOf(compared);
  const rows = starts.length + (note === null ? 0 : 1);
  const head = (
    <>
      <th scope="rowgroup" rowSpan={Math.max(1, rows)}>
        {isolation}
        {fence === null || fence === isolation ? null : <span className={classes.fence}>{fence}</span>}
      </th>
      <td rowSpan={Math.max(1, rows)}>
        <StatusMark status={state} />
      </td>
    </>
  );
  return (
    <tbody>
      {starts.map(({ start, calls, failed, p50Ms, p95Ms, p99Ms, cpuMs, maxMemoryMib }, at) => (
        <tr key={start}>
          {at === 0 ? head : null}
          <td>{start}</td>
          <td className={classes.number}>{formatCount(calls)}</td>
          <td className={classes.number} data-bad={failed > 0 || undefined}>
            {formatCount(failed)}
          </td>
          {[p50Ms, p95Ms, p99Ms, cpuMs].map((ms, column) => (
            <td key={HEADS[column + 2]} className={classes.number}>
              {formatDuration(ms)}
            </td>
          ))}
          <td className={classes.number}>{formatMemory(maxMemoryMib)}</td>
        </tr>
      ))}
      {rows === 0 || note !== null ? (
        <tr>
          {starts.length === 0 ? head : null}
          <td colSpan={HEADS.length + 1} className={classes.note}>
            {note}
          </td>
        </tr>
      ) : null}
    </tbody>
  );
}

function noteOf({ reason, failure }: ComparedIsolation): string | null {
  if (failure === null) return reason === null ? null : plainProse(reason);
  const error = failure.errorType === null ? failure.code : `${failure.errorType}: ${failure.errorMessage}`;
  return [reason === null ? null : plainProse(reason), `First failure: ${error}`]
    .filter((text) => text !== null)
    .join(' ');
}
