import { asInterrupted } from '../../domain/comparison.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { ComparisonsTable, ServerIdentity, StoredComparison } from '../contract/control-store.ts';
import type { WorkspaceStatements, Write } from './statements.ts';
import { toMs } from './times.ts';

const ID = /^[0-9a-f-]{36}$/;

/** Comparisons, newest first by id. */
export const comparisonsRows: WorkspaceStatements<ComparisonsTable> = {
  async insert({ db }, workspaceId, comparison, serverId, keptMax) {
    const { id, functionId, state, createdAt } = comparison;
    const owner = await db
      .selectFrom('functions')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', functionId)
      .executeTakeFirst();
    if (owner === undefined) throw new ColdframeError('function_not_found');
    await db
      .insertInto('comparisons')
      .values({
        id,
        workspace_id: workspaceId,
        function_id: functionId,
        state,
        server_id: serverId,
        created_at_ms: toMs(createdAt),
        comparison_json: JSON.stringify(comparison),
      })
      .execute();
    const kept = db
      .selectFrom('comparisons')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where('function_id', '=', functionId)
      .orderBy('id', 'desc')
      .limit(keptMax);
    await db
      .deleteFrom('comparisons')
      .where('workspace_id', '=', workspaceId)
      .where('function_id', '=', functionId)
      .where('id', 'not in', kept)
      .execute();
  },

  async update({ db }, workspaceId, comparison) {
    await db
      .updateTable('comparisons')
      .set({ state: comparison.state, comparison_json: JSON.stringify(comparison) })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', comparison.id)
      .execute();
  },

  async get({ db }, workspaceId, id) {
    const row = await db
      .selectFrom('comparisons')
      .select(['comparison_json', 'server_id'])
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : storedOf(row);
  },

  async list({ db }, workspaceId, functionId, { limit, cursor }) {
    let query = db
      .selectFrom('comparisons')
      .select(['comparison_json', 'server_id'])
      .where('workspace_id', '=', workspaceId)
      .where('function_id', '=', functionId)
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (cursor !== undefined) query = query.where('id', '<', idOf(cursor));
    const rows = await query.execute();
    const items = rows.slice(0, limit).map(storedOf);
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.comparison.id ?? null) : null };
  },
};

/**
 * Of earlier lives of this instance, and of versions that did not say who ran them, because those had the store to
 * themselves.
 */
export async function interruptComparisons(tx: Write, server: ServerIdentity, at: string): Promise<number> {
  const earlier = tx.db
    .selectFrom('servers')
    .select('id')
    .where('instance', '=', server.instance)
    .where('epoch', '<', server.epoch);
  const rows = await tx.db
    .selectFrom('comparisons')
    .select(['workspace_id', 'comparison_json'])
    .where('state', '=', 'running')
    .where((row) => row.or([row('server_id', 'is', null), row('server_id', 'in', earlier)]))
    .execute();
  for (const { workspace_id, comparison_json } of rows)
    await comparisonsRows.update(tx, workspace_id, asInterrupted(JSON.parse(comparison_json), at));
  return rows.length;
}

function storedOf(row: { comparison_json: string; server_id: string | null }): StoredComparison {
  return { comparison: JSON.parse(row.comparison_json), serverId: row.server_id };
}

function idOf(cursor: string): string {
  if (ID.test(cursor)) return cursor;
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '/query/cursor', message: 'is not a cursor of this list' }],
  });
}
