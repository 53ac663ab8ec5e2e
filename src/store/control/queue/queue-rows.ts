import { sql } from 'kysely';
import type { WorkspaceId } from '../../../domain/workspace-id.ts';
import { QUEUE_STEP_ROWS, type QueueCount, type QueueTable, type WaitingQueue } from '../../contract/queue-table.ts';
import type { Read, ServerStatements } from '../statements.ts';
import { insertInvocations } from './insert-invocations.ts';
import { liveOf, SHOWN_COLUMNS } from './live-rows.ts';
import { queueRound } from './queue-round.ts';
import { expire, pruneDead, takeOver, told } from './queue-upkeep.ts';

/** The durable queue, for the servers that run it. */
export const queueRows: ServerStatements<QueueTable> = {
  accept: insertInvocations,
  round: queueRound,
  takeOver,
  expire,
  told,
  pruneDead,

  async waiting(tx) {
    const found: WaitingQueue[] = [];
    for (let after: Place | null = await firstQueue(tx, null); after !== null; after = await firstQueue(tx, after)) {
      const { workspace_id, function_id, queue_key, due_ms, accepted_ms } = after;
      found.push({
        workspaceId: workspace_id,
        functionId: function_id,
        queueKey: queue_key,
        dueMs: due_ms,
        acceptedMs: accepted_ms,
      });
    }
    return found;
  },

  async counts({ db }) {
    const counted = db
      .selectFrom('live_invocations')
      .select(['workspace_id', 'queue_key'])
      .select((row) => [row.fn.countAll<number>().as('rows'), row.fn.sum<number>('event_bytes').as('bytes')])
      .groupBy(['workspace_id', 'queue_key']);
    // Each reads an index alone: rows hold their events, and a million of them are a gigabyte.
    const waiting = await counted.where('due_ms', 'is not', null).execute();
    const running = await counted.where('owner', 'is not', null).execute();
    const dead = await counted.where('reason', 'is not', null).execute();
    const byQueue = new Map<string, QueueCount>();
    const countOf = ({ workspace_id, queue_key }: { workspace_id: WorkspaceId; queue_key: string }): QueueCount => {
      const key = `${workspace_id} ${queue_key}`;
      const functionId = queue_key.slice(0, queue_key.indexOf(':'));
      const known = byQueue.get(key) ?? {
        ...{ workspaceId: workspace_id, functionId, queueKey: queue_key },
        ...{ rows: 0, bytes: 0, dead: 0 },
      };
      byQueue.set(key, known);
      return known;
    };
    for (const row of [...waiting, ...running]) {
      const count = countOf(row);
      count.rows += Number(row.rows);
      count.bytes += Number(row.bytes);
    }
    for (const row of dead) countOf(row).dead = Number(row.rows);
    return [...byQueue.values()];
  },

  async owners({ db }) {
    const found: string[] = [];
    for (let after = ''; ; ) {
      const next = await db
        .selectFrom('live_invocations')
        .select('owner')
        .where('owner', '>', after)
        .orderBy('owner')
        .limit(1)
        .executeTakeFirst();
      if (next === undefined || next.owner === null) return found;
      found.push(next.owner);
      after = next.owner;
    }
  },

  async cancelAsked({ db }, owner) {
    const rows = await db
      .selectFrom('live_invocations')
      .select(['workspace_id', 'id'])
      .where('owner', '=', owner)
      .where('cancel_asked', '=', 1)
      .limit(QUEUE_STEP_ROWS)
      .execute();
    return rows.map(({ workspace_id, id }) => ({ workspaceId: workspace_id, id }));
  },

  async ended({ db }, beforeMs, limit) {
    const rows = await db
      .selectFrom('live_invocations')
      .select(SHOWN_COLUMNS)
      .where('untold_ms', '<=', beforeMs)
      .orderBy('untold_ms')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(liveOf);
  },
};

interface Place {
  workspace_id: WorkspaceId;
  function_id: string;
  queue_key: string;
  due_ms: number;
  accepted_ms: number;
}

/** The first row of the next queue that has one waiting: one step of the index for each queue, however long it is. */
async function firstQueue({ db }: Read, after: Place | null): Promise<Place | null> {
  const row = await db
    .selectFrom('live_invocations')
    .select(['workspace_id', 'function_id', 'queue_key', 'due_ms', 'accepted_ms'])
    .where('due_ms', 'is not', null)
    .where(sql<boolean>`(workspace_id, queue_key) > (${after?.workspace_id ?? ''}, ${after?.queue_key ?? ''})`)
    .orderBy('workspace_id')
    .orderBy('queue_key')
    .orderBy('due_ms')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, due_ms: row.due_ms! };
}
