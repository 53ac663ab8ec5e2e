import type { Kysely } from 'kysely';

type Rows = Kysely<Record<string, Record<string, unknown>>>;

export interface RowsMove {
  from: string;
  to: string;
  /** Columns that identify one row. */
  key: readonly string[];
  /** Columns that are copied as they are, including the key. */
  columns: readonly string[];
  /** Columns with a time in RFC 3339, and the columns that take it in milliseconds. */
  times: Readonly<Record<string, string>>;
  /** Columns of `times` that may be null. */
  nullable?: readonly string[];
  /** Rows whose owner is gone are left behind, because nothing could reach them. */
  owner?: { column: string; table: string };
}

/**
 * Copies a table into its successor and turns times into numbers. The times are parsed here, since engines do not share a
 * function for it; only they and the keys pass through memory.
 */
export async function moveRows(db: Kysely<unknown>, move: RowsMove): Promise<void> {
  const rows = db as Rows;
  const { from, to, key, columns, times, nullable = [], owner } = move;
  const required = Object.keys(times).filter((column) => !nullable.includes(column));
  let source = rows.selectFrom(from).select([...columns]);
  for (const column of required) source = source.select((row) => row.lit(0).as(times[column]!));
  if (owner !== undefined) source = source.where(owner.column, 'in', rows.selectFrom(owner.table).select('id'));
  await rows
    .insertInto(to)
    .columns([...columns, ...required.map((column) => times[column]!)])
    .expression(source)
    .execute();
  const stored = await rows
    .selectFrom(from)
    .select([...key, ...Object.keys(times)])
    .execute();
  for (const row of stored) {
    const set = Object.entries(times).flatMap(([column, inMs]) => {
      // Text that is no time becomes 0. No version wrote such text, and a row must not be lost for it.
      const ms = Date.parse(String(row[column]));
      return Number.isNaN(ms) ? [] : [[inMs, ms]];
    });
    if (set.length === 0) continue;
    let update = rows.updateTable(to).set(Object.fromEntries(set));
    for (const column of key) update = update.where(column, '=', row[column]);
    await update.execute();
  }
}
