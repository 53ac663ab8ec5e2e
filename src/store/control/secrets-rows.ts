import type { Kysely } from 'kysely';
import type { SecretRow, SecretsTable } from '../control-store.ts';
import type { ControlSchema } from './control-schema.ts';

/** Ids asked for in one query; SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const IDS_PER_QUERY = 500;

/** Encrypted values of functions' environments. */
export class SecretsRows implements SecretsTable {
  readonly #db: Kysely<ControlSchema>;

  constructor(db: Kysely<ControlSchema>) {
    this.#db = db;
  }

  async get(ids: string[]): Promise<SecretRow[]> {
    const found: SecretRow[] = [];
    for (let first = 0; first < ids.length; first += IDS_PER_QUERY) {
      const some = ids.slice(first, first + IDS_PER_QUERY);
      const rows = await this.#db.selectFrom('secrets').selectAll().where('id', 'in', some).execute();
      for (const row of rows) {
        found.push({
          id: row.id,
          workspaceId: row.workspace_id,
          functionId: row.function_id,
          keyId: row.key_id,
          nonce: row.nonce,
          ciphertext: row.ciphertext,
          createdAt: row.created_at,
        });
      }
    }
    return found;
  }
}

/** Within the transaction of the revision that names them, so that no secret is ever nobody's. */
export async function insertSecrets(db: Kysely<ControlSchema>, rows: readonly SecretRow[]): Promise<void> {
  for (const row of rows) {
    await db
      .insertInto('secrets')
      .values({
        id: row.id,
        workspace_id: row.workspaceId,
        function_id: row.functionId,
        key_id: row.keyId,
        nonce: row.nonce,
        ciphertext: row.ciphertext,
        created_at: row.createdAt,
      })
      .execute();
  }
}
