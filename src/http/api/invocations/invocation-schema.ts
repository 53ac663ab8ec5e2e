import Type from 'typebox';
import { ENFORCED_FIELDS } from '../../../domain/attempt-fields.ts';
import { INVOCATION_FIELDS } from '../../../domain/invocation-fields.ts';
import { schemaOf } from '../../serving/queries/field-schema.ts';

export const ENFORCED = schemaOf(ENFORCED_FIELDS);

/** The workspace is left out, because the key already implies it. */
const { workspaceId: _workspaceId, ...SHOWN_FIELDS } = INVOCATION_FIELDS;

/** One call with its attempts. */
export const INVOCATION = schemaOf(SHOWN_FIELDS);

export const INVOCATION_PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });
