import { INVOCATION_FIELDS } from '../../../domain/invocation-fields.ts';
import { columnsOf } from '../columns.ts';

/** What both ends of the way to the worker walk over. */
export const INVOCATION_COLUMNS = columnsOf(INVOCATION_FIELDS);
