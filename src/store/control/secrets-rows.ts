import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { SecretRow, SecretsTable } from '../contract/control-store.ts';
import type { WorkspaceStatements, Write } from './statements.ts';
import { toMs, toTime } from './times.ts';

/** Ids asked for in one query; SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const IDS_PER_QUERY = 500;

/** Encrypted values of functions' environments. */
export const secretsRows: WorkspaceStatements<SecretsTable> = {
  async get({ db }, workspaceId, ids) {
    const found: SecretRow[] = [];
    for (let first = 0; first < ids.length; first += IDS_PER_QUERY) {
      const some = ids.slice(first, first + IDS_PER_QUERY);
      const rows = await db
        .selectFrom('secrets')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', 'in', some)
        .execute();
      for (const row of rows) {
        found.push({
          id: row.id,
          functionId: row.function_id,
          keyId: row.key_id,
          nonce: row.nonce,
          ciphertext: row.ciphertext,
          createdAt: toTime(row.created_at_ms),
        });
      }
    }
    return found;
  },
};

/** Runs within the transaction of the revision that names them, so that every secret has an owner at all times. */
export async function insertSecrets(
  { db }: Write,
  workspaceId: WorkspaceId,
  rows: readonly SecretRow[],
): Promise<void> {
  for (const row of rows) {
    await db
      .insertInto('secrets')
      .values({
        id: row.id,
        workspace_id: workspaceId,
        function_id: row.functionId,
        key_id: row.keyId,
        nonce: row.nonce,
        ciphertext: row.ciphertext,
        created_at_ms: toMs(row.createdAt),
      })
      .execute();
  }
}
