import type { GetComparisonResponses } from '../../client/generated/types.gen.ts';
import { plainProse } from '../../domain/prose.ts';
import { visibleText } from '../../domain/visible-text.ts';
import { formatMib, formatMs, table } from '../output/table.ts';

export type Comparison = GetComparisonResponses[200];

const COLUMNS = ['isolation', 'start', 'calls', 'failed', 'p50', 'p95', 'p99', 'cpu', 'peak memory'];

/** Side by side: a block of rows per isolation, then why the others are missing. */
export function comparisonText(comparison: Comparison): string {
  const { functionName, runtime, count, state } = comparison;
  const rows = comparison.isolations.flatMap(({ isolation, starts }) =>
    starts.map((one, at) => [
      at === 0 ? isolation : '',
      one.start,
      one.calls,
      one.failed,
      formatMs(one.p50Ms),
      formatMs(one.p95Ms),
      formatMs(one.p99Ms),
      formatMs(one.cpuMs),
      formatMib(one.maxMemoryMib),
    ]),
  );
  const notes = comparison.isolations.flatMap(({ isolation, state: each, reason, failure }) => [
    ...(reason === null ? [] : [`${isolation} (${each}): ${visibleText(plainProse(reason))}`]),
    ...(failure === null ? [] : [`${isolation} failed first with ${failureText(failure)}`]),
  ]);
  const head = `${functionName} (${runtime}), ${count} calls of each start, ${state}  ${comparison.id}`;
  return [head, ...(rows.length > 0 ? [table(COLUMNS, rows)] : []), ...notes].join('\n');
}

function failureText({
  code,
  errorType,
  errorMessage,
}: NonNullable<Comparison['isolations'][number]['failure']>): string {
  const error = errorType === null ? '' : ` ${visibleText(errorType)}: ${visibleText(errorMessage ?? '')}`;
  return `${code}${error}`;
}
