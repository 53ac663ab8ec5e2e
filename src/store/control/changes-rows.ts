import { CHANGES_KEPT, CHANGES_PAGE, type ChangesTable, type NewChange } from '../contract/changes.ts';
import type { Read, ServerStatements, Write } from './statements.ts';

/** Old changes are removed when the number is a multiple of this, so most writes pay nothing for it. */
const PRUNE_EVERY = 256;

/** The change feed. */
export const changesRows: ServerStatements<ChangesTable> = {
  lastSeq,

  async since(tx, seq) {
    const last = await lastSeq(tx);
    const rows = await tx.db
      .selectFrom('changes')
      .selectAll()
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(CHANGES_PAGE)
      .execute();
    // Numbers have no gaps, so the first one tells. A database restored from a copy has fewer changes than the follower
    // has seen.
    const isGap = last < seq || (last > seq && rows[0]?.seq !== seq + 1);
    if (isGap) return { changes: [], lastSeq: last, isGap };
    const changes = rows.map(({ seq, topic, workspace_id, row_id }) => ({
      seq,
      topic,
      workspaceId: workspace_id,
      id: row_id,
    }));
    return { changes, lastSeq: changes.at(-1)?.seq ?? seq, isGap };
  },
};

/**
 * Tells the feed, within the transaction of the rows it speaks of. The counter's row is held until that transaction ends, so
 * that no later number can be seen before this one.
 */
export async function tellChange({ db }: Write, { topic, workspaceId, id }: NewChange): Promise<void> {
  const { n } = await db
    .updateTable('change_counter')
    .set((row) => ({ n: row('n', '+', 1) }))
    .returning('n')
    .executeTakeFirstOrThrow();
  await db.insertInto('changes').values({ seq: n, topic, workspace_id: workspaceId, row_id: id }).execute();
  if (n % PRUNE_EVERY === 0)
    await db
      .deleteFrom('changes')
      .where('seq', '<=', n - CHANGES_KEPT)
      .execute();
}

async function lastSeq({ db }: Read): Promise<number> {
  const { n } = await db.selectFrom('change_counter').select('n').executeTakeFirstOrThrow();
  return n;
}
