import Type, { type TSchema, type TUnsafe } from 'typebox';
import type { Field, Fields, RecordOf } from '../../../domain/fields.ts';
import { nullable, oneOf } from './list-schema.ts';

/** The schema of what a list of fields describes. */
export function schemaOf<F extends Fields>(fields: F, options: { description?: string } = {}): TUnsafe<RecordOf<F>> {
  const properties = Object.entries(fields).map(([name, field]) => [name, valueSchema(field)]);
  return Type.Unsafe<RecordOf<F>>(Type.Object(Object.fromEntries(properties), options));
}

function valueSchema(field: Field): TSchema {
  return field.isNullable ? nullable(presentSchema(field)) : presentSchema(field);
}

function presentSchema(field: Field): TSchema {
  switch (field.kind) {
    case 'text':
      return Type.String(descriptionOf(field));
    case 'texts':
      return Type.Array(Type.String());
    case 'integer':
      return Type.Integer();
    case 'number':
      return Type.Number();
    case 'flag':
      return Type.Boolean();
    case 'word':
      return oneOf(field.words);
    case 'group':
      return schemaOf(field.fields, descriptionOf(field));
    case 'list':
      return Type.Array(schemaOf(field.fields));
  }
}

function descriptionOf({ description }: { readonly description?: string }): { description?: string } {
  return description === undefined ? {} : { description };
}
