import { type Kysely, sql } from 'kysely';
import type { Migration } from '../../contract/engine.ts';

/**
 * It is not known with which key an older session was opened, so those sessions end: their browsers sign in once more.
 */
export const sessionsKnowTheirKey: Migration = {
  number: 2,
  name: 'sessions know their key',
  async up(db: Kysely<unknown>) {
    await sql`delete from sessions`.execute(db);
    await db.schema.alterTable('sessions').addColumn('key_reference', 'text').execute();
  },
};
