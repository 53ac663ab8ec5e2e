import { type Kysely, sql } from 'kysely';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { OpenDatabase } from './open-database.ts';

/** One step of the schema. Numbers count up from 1 without holes; a released one is never changed again. */
export interface Migration {
  number: number;
  name: string;
  up(db: Kysely<unknown>): Promise<void>;
}

interface MigrationsTable {
  schema_migrations: { number: number; name: string; applied_at: string };
}

/**
 * Brings the schema up to the last of `migrations`, each in a transaction of its own: a crash in between leaves whole steps.
 * `data_dir_newer` when the database was written by a version that knows more steps than we do.
 */
export async function migrate(database: OpenDatabase<unknown>, migrations: readonly Migration[]): Promise<void> {
  const db = database.db as Kysely<MigrationsTable>;
  await db.schema
    .createTable('schema_migrations')
    .ifNotExists()
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'text', (column) => column.notNull())
    .execute();
  const applied = await db.selectFrom('schema_migrations').selectAll().orderBy('number').execute();
  const newest = applied.at(-1);
  const last = migrations.at(-1)?.number ?? 0;
  if (newest !== undefined && newest.number > last) {
    throw new ColdframeError('data_dir_newer', {
      internalMessage: `schema step ${newest.number} (${newest.name}) is newer than ${last}, the last this version knows`,
    });
  }
  for (const migration of migrations) {
    if (migration.number <= (newest?.number ?? 0)) continue;
    database.raw.exec('begin immediate');
    try {
      await migration.up(database.db as Kysely<unknown>);
      const applied_at = new Date().toISOString();
      await db
        .insertInto('schema_migrations')
        .values({ number: migration.number, name: migration.name, applied_at })
        .execute();
      database.raw.exec('commit');
    } catch (error) {
      if (database.raw.isTransaction) database.raw.exec('rollback');
      throw error;
    }
  }
  await sql`pragma optimize`.execute(db);
}
