import type { Migration } from '../contract/engine.ts';
import { runMigrations } from '../run-migrations.ts';
import type { OpenDatabase } from './open-database.ts';
import { SqliteDatabase } from './sqlite-database.ts';

/** Brings a file's schema up to the last of `migrations`, as `runMigrations` says, and refreshes the planner's statistics. */
export async function migrate(open: Pick<OpenDatabase, 'raw'>, migrations: readonly Migration[]): Promise<void> {
  await runMigrations(new SqliteDatabase<unknown>(open), { bytes: 'blob' }, migrations);
  open.raw.exec('pragma optimize');
}
