import Type from 'typebox';
import { FUNCTION_ERROR_FIELDS } from '../../../domain/attempt-fields.ts';
import { schemaOf } from '../queries/field-schema.ts';

const FUNCTION_ERROR = schemaOf(FUNCTION_ERROR_FIELDS);

/** RFC 9457, as in every reply of status 400 and above. */
export const PROBLEM = Type.Object(
  {
    type: Type.String({ description: 'Link to the page of that code.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
    errors: Type.Array(Type.Object({ path: Type.String({ description: 'JSON pointer.' }), message: Type.String() })),
    error: Type.Optional(FUNCTION_ERROR),
    invocationId: Type.Optional(Type.String()),
  },
  { description: 'RFC 9457 application/problem+json' },
);
