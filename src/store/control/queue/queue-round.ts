import { sql } from 'kysely';
import type { WorkspaceId } from '../../../domain/workspace-id.ts';
import type { Claim, ClaimedInvocation, QueueRound, RoundResult, Settlement } from '../../contract/queue-table.ts';
import type { Read, Write } from '../statements.ts';
import { inChunks } from './in-chunks.ts';
import { insertInvocations } from './insert-invocations.ts';
import { liveOf, SHOWN_COLUMNS } from './live-rows.ts';

/** Settlements with their children, then claims. */
export async function queueRound(tx: Write, { owner, nowMs, settlements, claims }: QueueRound): Promise<RoundResult> {
  const settled = new Set<string>();
  await inChunks(settlements, (chunk) => settle(tx, chunk, owner, nowMs, settled));
  for (const { id, children } of settlements) if (settled.has(id)) await insertInvocations(tx, children);
  const isLive = claims.length > 0 && (await isAlive(tx, owner));
  const claimed: ClaimedInvocation[] = [];
  const nextDueMs: RoundResult['nextDueMs'] = [];
  for (const one of isLive ? claims : []) {
    claimed.push(...(await claim(tx, one, owner, nowMs)));
    nextDueMs.push({ queueKey: one.queueKey, dueMs: await nextDue(tx, one) });
  }
  return { settled: [...settled], claimed, nextDueMs };
}

/**
 * An end counts while the row still is of this owner and fence. A row whose cancel was asked for does not wait again. An
 * ended row keeps the time of its end until telemetry has it.
 */
async function settle(
  { db }: Write,
  chunk: readonly Settlement[],
  owner: string,
  nowMs: number,
  settled: Set<string>,
): Promise<void> {
  const values = sql.join(chunk.map(valuesOf));
  const isCancelled = sql`live_invocations.cancel_asked = 1 and ended.due_ms is not null`;
  const isEnded = sql`ended.due_ms is null or live_invocations.cancel_asked = 1`;
  const { rows } = await sql<{ id: string }>`
    with ended(workspace_id, id, fence, state, outcome, reason, due_ms, failed, attempts_json) as (values ${values})
    update live_invocations set
      state = case when ${isCancelled} then 'finished' else ended.state end,
      outcome = case when ${isCancelled} then 'cancelled' else ended.outcome end,
      reason = ended.reason,
      due_ms = case when ${isCancelled} then null else ended.due_ms end,
      failures = live_invocations.failures + ended.failed,
      attempts_json = ended.attempts_json,
      ended_ms = case when ${isEnded} then ${bigint(nowMs)} else null end,
      untold_ms = case when ${isEnded} then ${bigint(nowMs)} else null end,
      owner = null
    from ended
    where live_invocations.workspace_id = ended.workspace_id and live_invocations.id = ended.id
      and live_invocations.owner = ${owner} and live_invocations.fence = ended.fence
    returning live_invocations.id as id`.execute(db);
  for (const { id } of rows) settled.add(id);
}

function valuesOf(it: Settlement) {
  return sql`(${text(it.workspaceId)}, ${text(it.id)}, ${bigint(it.fence)}, ${text(it.state)}, ${text(it.outcome)}, ${text(it.reason)}, ${bigint(it.dueMs)}, ${bigint(it.isFailure ? 1 : 0)}, ${text(JSON.stringify(it.attempts))})`;
}

/** Typed, because PostgreSQL cannot tell the type of a bare parameter in a list of values. */
const text = (value: string | null) => sql`cast(${value} as text)`;
const bigint = (value: number | null) => sql`cast(${value} as bigint)`;

async function isAlive({ db }: Write, owner: string): Promise<boolean> {
  const life = await db.selectFrom('servers').select('state').where('id', '=', owner).executeTakeFirst();
  return life?.state === 'live';
}

/** Which rows are due is decided first and once, so that no engine takes more of them than there are slots. */
async function claim(
  { db }: Write,
  { workspaceId, queueKey, limit }: Claim,
  owner: string,
  nowMs: number,
): Promise<ClaimedInvocation[]> {
  const rows = await db
    .with(
      (cte) => cte('due').materialized(),
      (inner) =>
        inner
          .selectFrom('live_invocations')
          .select('id')
          .where('workspace_id', '=', workspaceId)
          .where('queue_key', '=', queueKey)
          .where('due_ms', '<=', nowMs)
          .where('expires_ms', '>', nowMs)
          .orderBy('due_ms')
          .orderBy('id')
          .limit(limit),
    )
    .updateTable('live_invocations')
    .set((row) => ({
      state: 'running',
      due_ms: null,
      owner,
      fence: row('fence', '+', 1),
      attempt: row('attempt', '+', 1),
      began_ms: nowMs,
    }))
    .where('workspace_id', '=', workspaceId)
    .where('id', 'in', (inner) => inner.selectFrom('due').select('due.id'))
    .where('due_ms', 'is not', null)
    .returning([...SHOWN_COLUMNS, 'fence', 'event', 'min_isolation', 'trace_id', 'root_id', 'depth'])
    .execute();
  const claimed: ClaimedInvocation[] = [];
  for (const row of rows) {
    const event = row.event ?? (await largeEvent({ db }, workspaceId, row.id));
    const { fence, min_isolation: minIsolation, trace_id: traceId, root_id: rootId, depth } = row;
    claimed.push({ ...liveOf(row), fence, event, minIsolation, traceId, rootId, depth });
  }
  // What is returned has no order of its own.
  return claimed.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function largeEvent({ db }: Read, workspaceId: WorkspaceId, id: string): Promise<Uint8Array> {
  const { body } = await db
    .selectFrom('invocation_events')
    .select('body')
    .where('workspace_id', '=', workspaceId)
    .where('invocation_id', '=', id)
    .executeTakeFirstOrThrow();
  return body;
}

async function nextDue({ db }: Read, { workspaceId, queueKey }: Claim): Promise<number | null> {
  const next = await db
    .selectFrom('live_invocations')
    .select('due_ms')
    .where('workspace_id', '=', workspaceId)
    .where('queue_key', '=', queueKey)
    .where('due_ms', 'is not', null)
    .orderBy('due_ms')
    .limit(1)
    .executeTakeFirst();
  return next?.due_ms ?? null;
}
