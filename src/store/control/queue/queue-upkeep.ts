import type { WorkspaceId } from '../../../domain/workspace-id.ts';
import { type EndedRow, LOSSES_MAX, QUEUE_STEP_ROWS } from '../../contract/queue-table.ts';
import type { Read, Write } from '../statements.ts';
import { inChunks } from './in-chunks.ts';
import { keptAttempts } from './kept-attempts.ts';
import { attemptsOf, ENDED_COLUMNS, endedOf } from './live-rows.ts';

/** Rows of a dead server, in a step of their own transaction. */
export async function takeOver({ db }: Write, owner: string, nowMs: number): Promise<EndedRow[]> {
  const life = await db.selectFrom('servers').select('state').where('id', '=', owner).executeTakeFirst();
  if (life?.state === 'live') return [];
  const lost = await db
    .selectFrom('live_invocations')
    .select([...ENDED_COLUMNS, 'attempt', 'losses', 'began_ms', 'attempts_json', 'cancel_asked'])
    .where('owner', '=', owner)
    .orderBy('id')
    .limit(QUEUE_STEP_ROWS)
    .execute();
  const taken: EndedRow[] = [];
  for (const row of lost) {
    const isOver = row.cancel_asked === 1 || row.losses + 1 >= LOSSES_MAX;
    const state = row.cancel_asked === 1 ? 'finished' : isOver ? 'dead' : 'queued';
    const attempts = keptAttempts(attemptsOf(row.attempts_json), {
      number: row.attempt,
      startedAt: new Date(row.began_ms ?? nowMs).toISOString(),
      durationMs: null,
      revisionId: null,
      outcome: 'cancelled',
      code: 'server_lost',
      error: null,
    });
    const { numUpdatedRows } = await db
      .updateTable('live_invocations')
      .set({
        state,
        owner: null,
        losses: row.losses + 1,
        due_ms: isOver ? null : nowMs,
        outcome: state === 'finished' ? 'cancelled' : null,
        reason: state === 'dead' ? 'lost' : null,
        ended_ms: isOver ? nowMs : null,
        untold_ms: isOver ? nowMs : null,
        attempts_json: JSON.stringify(attempts),
      })
      .where('workspace_id', '=', row.workspace_id)
      .where('id', '=', row.id)
      .where('owner', '=', owner)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) taken.push(endedOf({ ...row, state }));
  }
  return taken;
}

/** Waiting rows of any workspace that are too old. */
export async function expire({ db }: Write, nowMs: number): Promise<EndedRow[]> {
  const rows = await db
    .with(
      (cte) => cte('old').materialized(),
      (inner) =>
        inner
          .selectFrom('live_invocations')
          .select('id')
          .where('due_ms', 'is not', null)
          .where('expires_ms', '<=', nowMs)
          .orderBy('expires_ms')
          .limit(QUEUE_STEP_ROWS),
    )
    .updateTable('live_invocations')
    .set({ state: 'dead', reason: 'expired', due_ms: null, ended_ms: nowMs, untold_ms: nowMs })
    .where('id', 'in', (inner) => inner.selectFrom('old').select('old.id'))
    .where('due_ms', 'is not', null)
    .returning(ENDED_COLUMNS)
    .execute();
  return rows.map(endedOf);
}

/** Telemetry has them. A finished row goes, with its event; a dead one stays as a dead letter. */
export async function told({ db }: Write, rows: readonly { workspaceId: WorkspaceId; id: string }[]): Promise<void> {
  for (const [workspaceId, ids] of Map.groupBy(rows, (row) => row.workspaceId)) {
    await inChunks(ids, async (chunk) => {
      const those = chunk.map(({ id }) => id);
      const gone = await db
        .deleteFrom('live_invocations')
        .where('workspace_id', '=', workspaceId)
        .where('id', 'in', those)
        .where('state', '=', 'finished')
        .where('untold_ms', 'is not', null)
        .returning(['id', 'event'])
        .execute();
      await removeEvents(
        { db },
        workspaceId,
        gone.flatMap(({ id, event }) => (event === null ? [id] : [])),
      );
      await db
        .updateTable('live_invocations')
        .set({ untold_ms: null })
        .where('workspace_id', '=', workspaceId)
        .where('id', 'in', those)
        .where('state', '=', 'dead')
        .execute();
    });
  }
}

export async function pruneDead({ db }: Write, beforeMs: number): Promise<number> {
  const gone = await db
    .with(
      (cte) => cte('old').materialized(),
      (inner) =>
        inner
          .selectFrom('live_invocations')
          .select('id')
          .where('reason', 'is not', null)
          .where('ended_ms', '<=', beforeMs)
          .limit(QUEUE_STEP_ROWS),
    )
    .deleteFrom('live_invocations')
    .where('id', 'in', (inner) => inner.selectFrom('old').select('old.id'))
    .where('state', '=', 'dead')
    .where('untold_ms', 'is', null)
    .returning(['id', 'workspace_id', 'event'])
    .execute();
  for (const [workspaceId, rows] of Map.groupBy(gone, (row) => row.workspace_id))
    await removeEvents(
      { db },
      workspaceId,
      rows.flatMap(({ id, event }) => (event === null ? [id] : [])),
    );
  return gone.length;
}

async function removeEvents({ db }: Read, workspaceId: WorkspaceId, ids: readonly string[]): Promise<void> {
  await inChunks(ids, async (chunk) => {
    await db
      .deleteFrom('invocation_events')
      .where('workspace_id', '=', workspaceId)
      .where('invocation_id', 'in', chunk)
      .execute();
  });
}
