import type { WorkspaceId } from '../../../domain/workspace-id.ts';
import {
  type EndedRow,
  type InvocationFilter,
  type LiveInvocation,
  type PausedQueue,
  QUEUE_STEP_ROWS,
  type QueuedTable,
} from '../../contract/queue-table.ts';
import { tellChange } from '../changes-rows.ts';
import type { Read, WorkspaceStatements } from '../statements.ts';
import { inChunks } from './in-chunks.ts';
import { ENDED_COLUMNS, endedOf, liveOf, SHOWN_COLUMNS } from './live-rows.ts';

/** Rows that one page of a list looks at. A state that few rows have is then found page by page. */
const LIST_LOOKS_AT_ROWS = 10_000;

/** The queue as the people of one workspace see and change it. */
export const queuedRows: WorkspaceStatements<QueuedTable> = {
  async get({ db }, workspaceId, id) {
    const row = await db
      .selectFrom('live_invocations')
      .select(SHOWN_COLUMNS)
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : liveOf(row);
  },

  async byIds({ db }, workspaceId, ids) {
    const found: LiveInvocation[] = [];
    await inChunks(ids, async (chunk) => {
      const rows = await db
        .selectFrom('live_invocations')
        .select(SHOWN_COLUMNS)
        .where('workspace_id', '=', workspaceId)
        .where('id', 'in', chunk)
        .execute();
      found.push(...rows.map(liveOf));
    });
    return found;
  },

  async list({ db }, workspaceId, filter, { limit, cursor }) {
    // Dead letters have an index of their own. Among the rest, few rows may be of the state that is asked for.
    const isDead = filter.state === 'dead';
    const looked = db
      .selectFrom('live_invocations')
      .select([...SHOWN_COLUMNS, 'untold_ms'])
      .where('workspace_id', '=', workspaceId)
      .$if(cursor !== undefined, (query) => query.where('id', '<', cursor!))
      .$if(isDead, (query) => query.where('reason', 'is not', null))
      .orderBy('id', 'desc')
      .limit(LIST_LOOKS_AT_ROWS);
    const matching = db
      .selectFrom(looked.as('looked'))
      .selectAll()
      .$if(filter.functionId !== undefined, (query) => query.where('function_id', '=', filter.functionId!))
      .$if(filter.state !== undefined, (query) => query.where('state', '=', filter.state!))
      .$if(filter.reason !== undefined, (query) => query.where('reason', '=', filter.reason!))
      .$if(filter.fromMs !== undefined, (query) => query.where('accepted_ms', '>=', filter.fromMs!))
      .$if(filter.toMs !== undefined, (query) => query.where('accepted_ms', '<', filter.toMs!))
      .orderBy('id', 'desc')
      .limit(limit + 1);
    const rows = await matching.execute();
    const items = rows.slice(0, limit).map(liveOf);
    if (rows.length > limit) return { items, nextCursor: items.at(-1)!.id };
    const end = await db
      .selectFrom('live_invocations')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .$if(cursor !== undefined, (query) => query.where('id', '<', cursor!))
      .$if(isDead, (query) => query.where('reason', 'is not', null))
      .orderBy('id', 'desc')
      .offset(LIST_LOOKS_AT_ROWS - 1)
      .limit(1)
      .executeTakeFirst();
    return { items, nextCursor: end?.id ?? null };
  },

  async cancel({ db }, workspaceId, id, nowMs) {
    const [waited] = await db
      .updateTable('live_invocations')
      .set({ state: 'finished', outcome: 'cancelled', due_ms: null, ended_ms: nowMs, untold_ms: nowMs })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .where('due_ms', 'is not', null)
      .returning(ENDED_COLUMNS)
      .execute();
    if (waited !== undefined) return { kind: 'ended', row: endedOf(waited) };
    const [running] = await db
      .updateTable('live_invocations')
      .set({ cancel_asked: 1 })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .where('owner', 'is not', null)
      .returning('owner')
      .execute();
    if (running?.owner) return { kind: 'asked', owner: running.owner };
    const known = await queuedRows.get({ db, isUniqueViolation: () => false }, workspaceId, id);
    return { kind: known === null ? 'unknown' : 'tooLate' };
  },

  async cancelWaiting({ db }, workspaceId, queueKey, nowMs) {
    const rows = await db
      .with(
        (cte) => cte('first').materialized(),
        (inner) =>
          inner
            .selectFrom('live_invocations')
            .select('id')
            .where('workspace_id', '=', workspaceId)
            .where('queue_key', '=', queueKey)
            .where('due_ms', 'is not', null)
            .orderBy('due_ms')
            .limit(QUEUE_STEP_ROWS),
      )
      .updateTable('live_invocations')
      .set({ state: 'finished', outcome: 'cancelled', due_ms: null, ended_ms: nowMs, untold_ms: nowMs })
      .where('workspace_id', '=', workspaceId)
      .where('id', 'in', (inner) => inner.selectFrom('first').select('first.id'))
      .where('due_ms', 'is not', null)
      .returning(ENDED_COLUMNS)
      .execute();
    return rows.map(endedOf);
  },

  async countDead({ db }, workspaceId, filter, limit) {
    const some = deadOf({ db }, workspaceId, filter).select('id').limit(limit);
    const { count } = await db
      .selectFrom(some.as('some'))
      .select((row) => row.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  },

  async redrive({ db }, workspaceId, ids, nowMs) {
    const driven: EndedRow[] = [];
    for (const { id, expiresMs } of ids.slice(0, QUEUE_STEP_ROWS)) {
      const [row] = await db
        .updateTable('live_invocations')
        .set({
          state: 'queued',
          due_ms: nowMs,
          expires_ms: expiresMs,
          failures: 0,
          losses: 0,
          outcome: null,
          reason: null,
          ended_ms: null,
          untold_ms: null,
          cancel_asked: 0,
        })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .where('state', '=', 'dead')
        .returning(ENDED_COLUMNS)
        .execute();
      if (row !== undefined) driven.push(endedOf(row));
    }
    return driven;
  },

  async setPaused(tx, workspaceId, functionId, pausedMs) {
    const { db } = tx;
    if (pausedMs === null) {
      const { numDeletedRows } = await db
        .deleteFrom('paused_queues')
        .where('workspace_id', '=', workspaceId)
        .where('function_id', '=', functionId)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return false;
    } else {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('paused_queues')
        .values({ function_id: functionId, workspace_id: workspaceId, paused_ms: pausedMs })
        .onConflict((conflict) => conflict.column('function_id').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return false;
    }
    await tellChange(tx, { topic: 'queue', workspaceId, id: functionId });
    return true;
  },
};

/** Functions of every workspace whose queue is paused. */
export async function pausedQueues({ db }: Read): Promise<PausedQueue[]> {
  const rows = await db.selectFrom('paused_queues').selectAll().execute();
  return rows.map(({ workspace_id, function_id, paused_ms }) => ({
    workspaceId: workspace_id,
    functionId: function_id,
    pausedMs: paused_ms,
  }));
}

function deadOf({ db }: Read, workspaceId: WorkspaceId, filter: InvocationFilter) {
  return db
    .selectFrom('live_invocations')
    .where('workspace_id', '=', workspaceId)
    .where('reason', 'is not', null)
    .$if(filter.functionId !== undefined, (query) => query.where('function_id', '=', filter.functionId!))
    .$if(filter.reason !== undefined, (query) => query.where('reason', '=', filter.reason!))
    .$if(filter.fromMs !== undefined, (query) => query.where('accepted_ms', '>=', filter.fromMs!))
    .$if(filter.toMs !== undefined, (query) => query.where('accepted_ms', '<', filter.toMs!));
}
