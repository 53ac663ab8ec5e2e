import Type, { type TSchema } from 'typebox';

export const PAGE_LIMIT_MAX = 500;

/** The query parameters of every list. */
export const PAGE_QUERY = {
  limit: Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: 50 }),
  cursor: Type.Optional(Type.String({ maxLength: 512, description: 'The nextCursor of the page before.' })),
};

/** `{items, nextCursor}`; nextCursor is null on the last page. */
export function pageOf<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) });
}

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/** The schema of one word out of a glossary list. */
export function oneOf<const T extends readonly string[]>(values: T) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
}
