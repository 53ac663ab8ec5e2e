import type { Kysely } from 'kysely';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { ColumnTypes, Database, Migration } from './contract/engine.ts';

interface MigrationsTable {
  schema_migrations: { number: number; name: string; applied_at: string };
}

/**
 * Brings the schema up to the last of `migrations`, each in a transaction of its own, so a crash in between leaves
 * whole steps. Servers that start at once take turns. Rejects with `data_dir_newer` when a version that knows more
 * steps wrote the database.
 */
export async function runMigrations(
  database: Database<unknown>,
  types: ColumnTypes,
  migrations: readonly Migration[],
): Promise<void> {
  const before = await database.transaction(async ({ db }) => {
    await db.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('number', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', 'text', (column) => column.notNull())
      .execute();
    return newest(db);
  });
  const last = migrations.at(-1)?.number ?? 0;
  if (before !== undefined && before.number > last) {
    throw new ColdframeError('data_dir_newer', {
      internalMessage: `schema step ${before.number} (${before.name}) is newer than ${last}, the last this version knows`,
    });
  }
  for (const { number, name, up } of migrations) {
    if (number <= (before?.number ?? 0)) continue;
    await database.transaction(async ({ db }) => {
      if (number <= ((await newest(db))?.number ?? 0)) return;
      await up(db, types);
      const row = { number, name, applied_at: new Date().toISOString() };
      await of(db).insertInto('schema_migrations').values(row).execute();
    });
  }
}

function newest(db: Kysely<unknown>) {
  return of(db).selectFrom('schema_migrations').selectAll().orderBy('number', 'desc').limit(1).executeTakeFirst();
}

function of(db: Kysely<unknown>): Kysely<MigrationsTable> {
  return db as Kysely<MigrationsTable>;
}
