import Type from 'typebox';
import { LANGUAGES } from '../../../domain/names.ts';
import { oneOf } from '../../serving/queries/list-schema.ts';
import { CREATE_FUNCTION } from '../functions/function-schema.ts';

const SUMMARY = {
  name: Type.String(),
  topic: Type.String({ description: 'Twins in the other language share it.' }),
  language: oneOf(LANGUAGES),
  description: Type.String(),
};

export const TEMPLATE_SUMMARY = Type.Object(SUMMARY);

export const TEMPLATE = Type.Object({
  ...SUMMARY,
  manifest: Type.Omit(CREATE_FUNCTION, ['code'], {
    description: 'What creating a function takes besides its code: a name to start with, the runtime, settings.',
  }),
  files: Type.Record(Type.String(), Type.String(), { description: 'Path to text.' }),
  events: Type.Array(Type.Object({ name: Type.String(), event: Type.Any({ description: 'Any JSON.' }) })),
});
