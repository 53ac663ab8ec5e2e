import type { ComparedStart, Comparison } from '../../../domain/comparison.ts';

const FIGURES = [
  'calls',
  'failed',
  'p50Ms',
  'p95Ms',
  'p99Ms',
  'cpuMs',
  'maxMemoryMib',
] as const satisfies readonly (keyof ComparedStart)[];
const COLUMNS = ['comparison', 'function', 'runtime', 'isolation', 'state', 'start', ...FIGURES, 'reason'];
/** A spreadsheet would read text like this as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** RFC 4180. One row per isolation and kind of start; an isolation that did not run has one row without figures. */
export function comparisonCsv(comparison: Comparison): string {
  const { id, functionName, runtime } = comparison;
  const rows = comparison.isolations.flatMap(({ isolation, state, reason, starts }) => {
    const head = [id, functionName, runtime, isolation, state];
    if (starts.length === 0) return [[...head, null, ...FIGURES.map(() => null), reason]];
    return starts.map((one) => [...head, one.start, ...FIGURES.map((name) => one[name]), reason]);
  });
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
