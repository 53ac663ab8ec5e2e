import type { Field, Fields } from '../../domain/fields.ts';

/** A field with its name, its own fields in a list: what walks over a record reads these, once per kind of record. */
export interface Column {
  readonly name: string;
  readonly field: Field;
  /** Of a group or a list; else empty. */
  readonly inner: readonly Column[];
}

export function columnsOf(fields: Fields): Column[] {
  return Object.entries(fields).map(([name, field]) => ({
    name,
    field,
    inner: 'fields' in field ? columnsOf(field.fields) : [],
  }));
}
