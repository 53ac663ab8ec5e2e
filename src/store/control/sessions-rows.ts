import type { Kysely } from 'kysely';
import type { SessionRow, SessionsTable } from '../control-store.ts';
import type { ControlSchema } from './control-schema.ts';

/** Signed-in browsers; only the hash of a token is stored. */
export class SessionsRows implements SessionsTable {
  readonly #db: Kysely<ControlSchema>;

  constructor(db: Kysely<ControlSchema>) {
    this.#db = db;
  }

  async insert(row: SessionRow): Promise<void> {
    await this.#db
      .insertInto('sessions')
      .values({
        id: row.id,
        workspace_id: row.workspaceId,
        token_sha256: row.tokenSha256,
        scopes_json: JSON.stringify(row.scopes),
        key_reference: row.keyReference,
        created_at: row.createdAt,
        expires_at: row.expiresAt,
      })
      .execute();
  }

  async byToken(tokenSha256: string): Promise<SessionRow | null> {
    const row = await this.#db
      .selectFrom('sessions')
      .selectAll()
      .where('token_sha256', '=', tokenSha256)
      .executeTakeFirst();
    if (row === undefined) return null;
    return {
      id: row.id,
      workspaceId: row.workspace_id,
      tokenSha256: row.token_sha256,
      scopes: JSON.parse(row.scopes_json),
      keyReference: row.key_reference,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    };
  }

  async remove(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('sessions').where('id', '=', id).executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async prune(now: string): Promise<number> {
    const { numDeletedRows } = await this.#db.deleteFrom('sessions').where('expires_at', '<=', now).executeTakeFirst();
    return Number(numDeletedRows);
  }
}
