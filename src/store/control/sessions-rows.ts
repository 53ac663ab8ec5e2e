import type { Selectable } from 'kysely';
import type { SessionRow, SessionsTable } from '../contract/control-store.ts';
import { tellChange } from './changes-rows.ts';
import type { ControlSchema } from './control-schema.ts';
import type { Read, WorkspaceStatements, Write } from './statements.ts';
import { toMs, toTime } from './times.ts';

/** Signed-in browsers; only the hash of a token is stored. */
export const sessionsRows: WorkspaceStatements<SessionsTable> = {
  async get({ db }, workspaceId, id) {
    const row = await db
      .selectFrom('sessions')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : sessionOf(row);
  },

  async insert(tx, workspaceId, row) {
    await tx.db
      .insertInto('sessions')
      .values({
        id: row.id,
        workspace_id: workspaceId,
        token_sha256: row.tokenSha256,
        scopes_json: JSON.stringify(row.scopes),
        key_reference: row.keyReference,
        created_at_ms: toMs(row.createdAt),
        expires_at_ms: toMs(row.expiresAt),
      })
      .execute();
    await tellChange(tx, { topic: 'session', workspaceId, id: row.id });
  },

  async extend(tx, workspaceId, id, expiresAt) {
    const { numUpdatedRows } = await tx.db
      .updateTable('sessions')
      .set({ expires_at_ms: toMs(expiresAt) })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await tellChange(tx, { topic: 'session', workspaceId, id });
    return true;
  },

  async remove(tx, workspaceId, id) {
    const { numDeletedRows } = await tx.db
      .deleteFrom('sessions')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return false;
    await tellChange(tx, { topic: 'session', workspaceId, id });
    return true;
  },
};

/** Of every workspace, the oldest first. */
export async function allSessions({ db }: Read): Promise<SessionRow[]> {
  return (await db.selectFrom('sessions').selectAll().orderBy('id').execute()).map(sessionOf);
}

/** Tells no feed: every server sees by the clock that a session has expired. */
export async function pruneSessions({ db }: Write, now: string): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('sessions').where('expires_at_ms', '<=', toMs(now)).executeTakeFirst();
  return Number(numDeletedRows);
}

function sessionOf(row: Selectable<ControlSchema['sessions']>): SessionRow {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    tokenSha256: row.token_sha256,
    scopes: JSON.parse(row.scopes_json),
    keyReference: row.key_reference,
    createdAt: toTime(row.created_at_ms),
    expiresAt: toTime(row.expires_at_ms),
  };
}
