import type { Selectable } from 'kysely';
import type { KeyRow, KeysTable } from '../contract/control-store.ts';
import { tellChange } from './changes-rows.ts';
import type { ControlSchema } from './control-schema.ts';
import type { Read, WorkspaceStatements } from './statements.ts';
import { toMs, toMsOrNull, toTime, toTimeOrNull } from './times.ts';

/** API keys; only the hash of a secret is stored. */
export const keysRows: WorkspaceStatements<KeysTable> = {
  async get({ db }, workspaceId, id) {
    const row = await db
      .selectFrom('keys')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : keyOf(row);
  },

  async insert(tx, workspaceId, row) {
    await tx.db
      .insertInto('keys')
      .values({
        id: row.id,
        workspace_id: workspaceId,
        name: row.name,
        scopes_json: JSON.stringify(row.scopes),
        secret_sha256: row.secretSha256,
        created_at_ms: toMs(row.createdAt),
        last_used_at_ms: toMsOrNull(row.lastUsedAt),
        expires_at_ms: toMsOrNull(row.expiresAt),
      })
      .execute();
    await tellChange(tx, { topic: 'key', workspaceId, id: row.id });
  },

  async remove(tx, workspaceId, id) {
    const { numDeletedRows } = await tx.db
      .deleteFrom('keys')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return false;
    await tellChange(tx, { topic: 'key', workspaceId, id });
    return true;
  },

  async touch({ db }, workspaceId, used) {
    for (const { id, at } of used) {
      await db
        .updateTable('keys')
        .set({ last_used_at_ms: toMs(at) })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute();
    }
  },
};

/** Keys of every workspace. */
export async function allKeys({ db }: Read): Promise<KeyRow[]> {
  return (await db.selectFrom('keys').selectAll().orderBy('id').execute()).map(keyOf);
}

function keyOf(row: Selectable<ControlSchema['keys']>): KeyRow {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    scopes: JSON.parse(row.scopes_json),
    secretSha256: row.secret_sha256,
    createdAt: toTime(row.created_at_ms),
    lastUsedAt: toTimeOrNull(row.last_used_at_ms),
    expiresAt: toTimeOrNull(row.expires_at_ms),
  };
}
