import type { FunctionRecord } from '../../domain/function.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { etagOf } from '../function-view.ts';

/**
 * Throws `function_changed` unless the If-Match header, when there is one, holds the function's present ETag, or the id of its
 * newest revision in quotes: that one says "over this code", whatever the function's own settings are by now.
 */
export function checkIfMatch(record: FunctionRecord, ifMatch: string | null | undefined): void {
  if (ifMatch === undefined || ifMatch === null || ifMatch.trim() === '*') return;
  const etags = ifMatch.split(',').map((etag) => etag.trim());
  const fitting = [etagOf(record), `"${record.revision.id}"`];
  if (!etags.some((etag) => fitting.includes(etag))) throw new ColdframeError('function_changed');
}
