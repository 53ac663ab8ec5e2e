import type { FunctionRecord } from '../../domain/function.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { etagOf } from '../function-view.ts';

/** Throws `function_changed` unless the If-Match header, when there is one, names the function's present revision. */
export function checkIfMatch(record: FunctionRecord, ifMatch: string | null | undefined): void {
  if (ifMatch === undefined || ifMatch === null || ifMatch.trim() === '*') return;
  const etags = ifMatch.split(',').map((etag) => etag.trim());
  if (!etags.includes(etagOf(record.revision.id))) throw new ColdframeError('function_changed');
}
