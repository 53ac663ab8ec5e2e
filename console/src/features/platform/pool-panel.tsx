import type { ApiProblem } from '../../shared/api/api-problem.ts';
import type { PoolState } from '../../shared/api/types.ts';
import { formatCount, formatMemory } from '../../shared/format/figures.ts';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { Section } from '../../shared/page/section.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import table from '../../shared/values/data-table.module.css';
import { groupPool } from './pool-groups.ts';

const HEADINGS = [
  ['Ready', 'Generic: any function can claim one'],
  ['Bound', 'Hold a function’s code'],
  ['Busy', 'Bound, and answering a call now'],
  ['Paused', 'Bound, and frozen until the next call'],
  ['Limits', 'Their memory limits together'],
] as const;

export function PoolPanel({ pool, error }: { pool: PoolState | undefined; error: ApiProblem | null }) {
  const creating = pool ? Object.values(pool.byIsolation).reduce((sum, counts) => sum + (counts?.creating ?? 0), 0) : 0;
  return (
    <Section
      title="Pool"
      aside={
        pool ? (
          <span className={table.quiet}>
            {formatCount(pool.sandboxes.length)} sandboxes, {formatCount(creating)} being made,{' '}
            {formatCount(pool.queued)} calls waiting
          </span>
        ) : null
      }
    >
      {pool === undefined ? (
        error === null ? (
          <SkeletonRows count={3} label="Loading the pool" />
        ) : (
          <ProblemNotice error={error} />
        )
      ) : (
        <PoolTable pool={pool} />
      )}
    </Section>
  );
}

function PoolTable({ pool }: { pool: PoolState }) {
  const groups = groupPool(pool);
  if (groups.length === 0)
    return <p className={table.quiet}>No sandbox stands ready. One is made by the first call of a function.</p>;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Isolation</th>
            <th scope="col">Runtime</th>
            {HEADINGS.map(([word, meaning]) => (
              <th key={word} scope="col" className={numberClass(word)} title={meaning}>
                {word}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={`${group.isolation} ${group.runtime}`}>
              <td>{group.isolation}</td>
              <td>{group.runtime}</td>
              {[group.ready, group.bound, group.busy, group.paused].map((count, column) => (
                <td key={HEADINGS[column]?.[0]} className={`${table.number} ${count === 0 ? table.quiet : ''}`}>
                  {formatCount(count)}
                </td>
              ))}
              <td className={numberClass('Limits')}>{formatMemory(group.memoryMib)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a phone has no room for. */
function numberClass(heading: string): string {
  return heading === 'Limits' ? `${table.number} ${table.spare}` : (table.number ?? '');
}
