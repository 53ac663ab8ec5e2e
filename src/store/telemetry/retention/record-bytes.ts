import { type RawBuilder, sql } from 'kysely';

/** What a row of an invocation or an attempt takes beside its texts: its other columns and its places in the indexes, as measured. */
export const ROW_BYTES = 300;

/** What texts take in a row. */
export function textBytes(...texts: (string | null)[]): number {
  return texts.reduce((bytes, text) => bytes + (text === null ? 0 : Buffer.byteLength(text)), 0);
}

/** The same of columns, asked of the engine: it knows the lengths without reading the texts. */
export function columnBytes(...columns: string[]): RawBuilder<number> {
  const lengths = columns.map((column) => sql`coalesce(octet_length(${sql.ref(column)}), 0)`);
  return sql<number>`(${sql.join(lengths, sql` + `)})`;
}
