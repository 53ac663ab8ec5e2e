import { ATTEMPT_FIELDS } from '../../domain/attempt-fields.ts';
import type { AttemptRecord } from '../../domain/invocation.ts';
import { type Column, columnsOf } from './columns.ts';

/**
 * An attempt as its row holds it: a JSON list of values in the order of the field list, since the names would be a third of
 * each row and rows are what a call costs. Lists (the logs) have rows of their own and are left out.
 */
const COLUMNS = columnsOf(ATTEMPT_FIELDS);

type Values = Record<string, unknown>;

/** Everything but the logs. */
export function attemptText(attempt: AttemptRecord): string {
  return JSON.stringify(cellsOf(attempt as unknown as Values, COLUMNS));
}

/** Reads what `attemptText` wrote, also before the newest fields were there: those are null. Logs are empty. */
export function attemptOf(text: string): AttemptRecord {
  return recordOf(JSON.parse(text) as unknown[], COLUMNS) as unknown as AttemptRecord;
}

function cellsOf(record: Values, columns: readonly Column[]): unknown[] {
  const cells: unknown[] = [];
  for (const { name, field, inner } of columns) {
    const value = record[name];
    if (field.kind === 'list') continue;
    cells.push(field.kind === 'group' && value !== null ? cellsOf(value as Values, inner) : value);
  }
  return cells;
}

function recordOf(cells: unknown[], columns: readonly Column[]): Values {
  const record: Values = {};
  let at = 0;
  for (const { name, field, inner } of columns) {
    if (field.kind === 'list') {
      record[name] = [];
      continue;
    }
    const cell = cells[at++] ?? null;
    record[name] = field.kind === 'group' && cell !== null ? recordOf(cell as unknown[], inner) : cell;
  }
  return record;
}
