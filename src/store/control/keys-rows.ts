import type { Kysely } from 'kysely';
import type { KeyRow, KeysTable } from '../control-store.ts';
import type { ControlSchema } from './control-schema.ts';

/** API keys; only the hash of a secret is stored. */
export class KeysRows implements KeysTable {
  readonly #db: Kysely<ControlSchema>;

  constructor(db: Kysely<ControlSchema>) {
    this.#db = db;
  }

  async all(): Promise<KeyRow[]> {
    const rows = await this.#db.selectFrom('keys').selectAll().orderBy('id').execute();
    return rows.map((row) => ({
      id: row.id,
      workspaceId: row.workspace_id,
      name: row.name,
      scopes: JSON.parse(row.scopes_json),
      secretSha256: row.secret_sha256,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      expiresAt: row.expires_at,
    }));
  }

  async insert(row: KeyRow): Promise<void> {
    await this.#db
      .insertInto('keys')
      .values({
        id: row.id,
        workspace_id: row.workspaceId,
        name: row.name,
        scopes_json: JSON.stringify(row.scopes),
        secret_sha256: row.secretSha256,
        created_at: row.createdAt,
        last_used_at: row.lastUsedAt,
        expires_at: row.expiresAt,
      })
      .execute();
  }

  async remove(workspaceId: string, id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('keys')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async touch(used: { id: string; at: string }[]): Promise<void> {
    for (const { id, at } of used) {
      await this.#db.updateTable('keys').set({ last_used_at: at }).where('id', '=', id).execute();
    }
  }
}
