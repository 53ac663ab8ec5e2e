import { SCHEDULE_LIMITS } from '../../../domain/schedule.ts';
import type { WorkspaceId } from '../../../domain/workspace-id.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { NewInvocation } from '../../contract/queue-table.ts';
import type { RunCause, RunOutcome, Tick, TickRun } from '../../contract/schedules-table.ts';
import { insertInvocations } from '../queue/insert-invocations.ts';
import type { Read, Write } from '../statements.ts';

/** Invocations of one schedule that are named at once. */
const LIVE_MAX = 500;

/** See SchedulesTable.tick. */
export async function tickSchedule(tx: Write, workspaceId: WorkspaceId, tick: Tick): Promise<NewInvocation[] | null> {
  const { scheduleId, expectedMs, nextMs, lastMs, runs, missed, nowMs, overlap } = tick;
  const [row] = await tx.db
    .updateTable('schedules')
    .set({ next_ms: nextMs, last_ms: lastMs })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', scheduleId)
    .where('enabled', '=', 1)
    .where('next_ms', '=', expectedMs)
    .returning('waiting_ms')
    .execute();
  if (row === undefined) return null;
  let isLive = overlap !== 'allow' && (await liveOf(tx, workspaceId, scheduleId)).length > 0;
  let waitingMs = row.waiting_ms;
  const done: DoneRun[] = runs.map((run, index) => {
    const before = { ...run, missed: index === 0 ? missed : 0 };
    if (run.invocation === null) return { ...before, outcome: 'queue_full' };
    if (!isLive) {
      isLive = overlap !== 'allow';
      return { ...before, outcome: 'invoked' };
    }
    if (overlap !== 'queue' || waitingMs !== null) return { ...before, outcome: 'overlapped' };
    waitingMs = run.tickMs;
    return { ...before, outcome: 'waiting' };
  });
  if (waitingMs !== row.waiting_ms) await setWaiting(tx, workspaceId, scheduleId, waitingMs);
  return await store(tx, workspaceId, { scheduleId, cause: 'tick', nowMs }, done);
}

/** See SchedulesTable.release. */
export async function releaseWaiting(
  tx: Write,
  workspaceId: WorkspaceId,
  id: string,
  waitingMs: number,
  invocation: NewInvocation,
): Promise<boolean> {
  if ((await liveOf(tx, workspaceId, id)).length > 0) return false;
  const { numUpdatedRows } = await tx.db
    .updateTable('schedules')
    .set({ waiting_ms: null })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('waiting_ms', '=', waitingMs)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await insertInvocations(tx, [invocation]);
  await tx.db
    .updateTable('schedule_runs')
    .set({ outcome: 'invoked', invocation_id: invocation.id })
    .where('workspace_id', '=', workspaceId)
    .where('schedule_id', '=', id)
    .where('outcome', '=', 'waiting')
    .execute();
  return true;
}

/** See SchedulesTable.invoke. */
export async function invokeNow(
  tx: Write,
  workspaceId: WorkspaceId,
  id: string,
  cause: Exclude<RunCause, 'tick'>,
  runs: TickRun[],
  nowMs: number,
): Promise<NewInvocation[]> {
  const row = await tx.db
    .selectFrom('schedules')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new ColdframeError('schedule_not_found');
  const done = runs.map((run): DoneRun => {
    return { ...run, missed: 0, outcome: run.invocation === null ? 'queue_full' : 'invoked' };
  });
  return await store(tx, workspaceId, { scheduleId: id, cause, nowMs }, done);
}

/** See SchedulesTable.live. A row that waits or runs has one of the two columns. */
export async function liveOf({ db }: Read, workspaceId: WorkspaceId, id: string): Promise<string[]> {
  const rows = await db
    .selectFrom('live_invocations')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('schedule_id', '=', id)
    .where((row) => row.or([row('due_ms', 'is not', null), row('owner', 'is not', null)]))
    .limit(LIVE_MAX)
    .execute();
  return rows.map((row) => row.id);
}

interface DoneRun extends TickRun {
  outcome: RunOutcome;
  missed: number;
}

/** Invocations and history; history beyond what is kept goes. */
async function store(
  tx: Write,
  workspaceId: WorkspaceId,
  { scheduleId, cause, nowMs }: { scheduleId: string; cause: RunCause; nowMs: number },
  runs: readonly DoneRun[],
): Promise<NewInvocation[]> {
  const invoked = runs.flatMap(({ outcome, invocation }) => (outcome === 'invoked' && invocation ? [invocation] : []));
  if (invoked.length > 0) await insertInvocations(tx, invoked);
  const kept = runs.slice(-SCHEDULE_LIMITS.runsKept);
  for (const { runId, tickMs, outcome, invocation, missed } of kept)
    await tx.db
      .insertInto('schedule_runs')
      .values({
        id: runId,
        workspace_id: workspaceId,
        schedule_id: scheduleId,
        cause,
        tick_ms: tickMs,
        at_ms: nowMs,
        outcome,
        invocation_id: outcome === 'invoked' ? (invocation?.id ?? null) : null,
        missed,
      })
      .execute();
  if (kept.length > 0) await pruneRuns(tx, workspaceId, scheduleId);
  return invoked;
}

async function pruneRuns({ db }: Write, workspaceId: WorkspaceId, scheduleId: string): Promise<void> {
  const oldest = await db
    .selectFrom('schedule_runs')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('schedule_id', '=', scheduleId)
    .orderBy('id', 'desc')
    .offset(SCHEDULE_LIMITS.runsKept)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await db
    .deleteFrom('schedule_runs')
    .where('workspace_id', '=', workspaceId)
    .where('schedule_id', '=', scheduleId)
    .where('id', '<=', oldest.id)
    .execute();
}

async function setWaiting({ db }: Write, workspaceId: WorkspaceId, id: string, waitingMs: number | null) {
  await db
    .updateTable('schedules')
    .set({ waiting_ms: waitingMs })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .execute();
}
