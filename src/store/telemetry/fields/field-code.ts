import type { Field, Fields } from '../../../domain/fields.ts';

/**
 * Functions written out from a list of fields, as a person would write them by hand. Walking over the list for each
 * record costs several times as much (docs/decisions/0035), and every call pays. The lists are our own: no text from
 * outside gets into the code.
 */
export function functionFrom<Fn>(parameters: string, body: string): Fn {
  return new Function(parameters, body) as Fn;
}

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9]*$/;

/** The fields of a list with their names, which go into the code unchanged. */
export function fieldsOf(fields: Fields): [name: string, field: Field][] {
  const entries = Object.entries(fields);
  for (const [name] of entries) if (!IDENTIFIER.test(name)) throw new TypeError(`${name} is no name of a field`);
  return entries;
}
