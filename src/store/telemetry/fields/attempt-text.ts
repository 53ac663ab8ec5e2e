import { ATTEMPT_FIELDS } from '../../../domain/attempt-fields.ts';
import type { Fields } from '../../../domain/fields.ts';
import type { AttemptRecord } from '../../../domain/invocation.ts';
import { fieldsOf, functionFrom } from './field-code.ts';

/**
 * An attempt as its row holds it: a JSON list of values in the order of the field list, since the names would be a third of
 * each row and rows are what a call costs. Lists (the logs) have a column of their own and are left out.
 */
const cellsOf = functionFrom<(attempt: AttemptRecord) => unknown[]>('r', `return ${cellsCode(ATTEMPT_FIELDS, 'r')};`);
const recordOf = functionFrom<(cells: unknown[]) => AttemptRecord>('c', `return ${recordCode(ATTEMPT_FIELDS, 'c')};`);

/** Every field except the logs. */
export function attemptText(attempt: AttemptRecord): string {
  return JSON.stringify(cellsOf(attempt));
}

/** Reads what `attemptText` wrote. Fields newer than the text are null. Logs are empty. */
export function attemptOf(text: string): AttemptRecord {
  return recordOf(JSON.parse(text) as unknown[]);
}

/** `[r.number, r.revisionId, ..., [r.phases.queueMs, ...], r.receipt && [...]]` */
function cellsCode(fields: Fields, record: string): string {
  const cells: string[] = [];
  for (const [name, field] of fieldsOf(fields)) {
    const value = `${record}.${name}`;
    if (field.kind === 'group') cells.push(`${value} && ${cellsCode(field.fields, value)}`);
    else if (field.kind !== 'list') cells.push(value);
  }
  return `[${cells.join(', ')}]`;
}

/** `{ number: c[0] ?? null, ..., phases: c[9] && { queueMs: c[9][0] ?? null, ... }, logs: [] }` */
function recordCode(fields: Fields, cells: string): string {
  const members: string[] = [];
  let at = 0;
  for (const [name, field] of fieldsOf(fields)) {
    const cell = `${cells}[${field.kind === 'list' ? '' : at++}]`;
    if (field.kind === 'list') members.push(`${name}: []`);
    else if (field.kind === 'group') members.push(`${name}: ${cell} ? ${recordCode(field.fields, cell)} : null`);
    else members.push(`${name}: ${cell} ?? null`);
  }
  return `{ ${members.join(', ')} }`;
}
