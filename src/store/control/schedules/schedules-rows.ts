import { SCHEDULE_LIMITS, type Schedule } from '../../../domain/schedule.ts';
import type { WorkspaceId } from '../../../domain/workspace-id.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { SchedulesTable } from '../../contract/schedules-table.ts';
import { tellChange } from '../changes-rows.ts';
import type { Read, WorkspaceStatements, Write } from '../statements.ts';
import { runOf, scheduleOf, settingColumns } from './schedule-fields.ts';
import { invokeNow, liveOf, releaseWaiting, tickSchedule } from './tick-schedule.ts';

/** Schedules, with their ticks and what became of them. */
export const schedulesRows: WorkspaceStatements<SchedulesTable> = {
  get: readSchedule,

  async insert(tx, workspaceId, schedule) {
    const { functionId } = schedule;
    const owner = await tx.db
      .selectFrom('functions')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', functionId)
      .executeTakeFirst();
    if (owner === undefined) throw new ColdframeError('function_not_found');
    const ofFunction = await count(tx, workspaceId, functionId);
    const ofWorkspace = await count(tx, workspaceId, null);
    if (ofFunction >= SCHEDULE_LIMITS.perFunctionMax || ofWorkspace >= SCHEDULE_LIMITS.perWorkspaceMax) {
      const publicMessage = `A function has at most ${SCHEDULE_LIMITS.perFunctionMax} schedules, a workspace ${SCHEDULE_LIMITS.perWorkspaceMax}.`;
      throw new ColdframeError('quota_exceeded', { publicMessage });
    }
    await unlessTaken(tx, () =>
      tx.db
        .insertInto('schedules')
        .values({
          id: schedule.id,
          workspace_id: workspaceId,
          function_id: functionId,
          ...settingColumns(schedule),
          created_ms: schedule.createdMs,
          last_ms: schedule.lastMs,
          waiting_ms: schedule.waitingMs,
        })
        .execute(),
    );
    await tellChange(tx, { topic: 'schedule', workspaceId, id: schedule.id });
  },

  async update(tx, workspaceId, schedule) {
    const [{ numUpdatedRows } = { numUpdatedRows: 0n }] = await unlessTaken(tx, () =>
      tx.db
        .updateTable('schedules')
        .set(settingColumns(schedule))
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', schedule.id)
        .where('change', '=', schedule.change - 1)
        .execute(),
    );
    if (numUpdatedRows === 0n) {
      const known = await readSchedule(tx, workspaceId, schedule.id);
      throw new ColdframeError(known === null ? 'schedule_not_found' : 'schedule_changed');
    }
    await tellChange(tx, { topic: 'schedule', workspaceId, id: schedule.id });
  },

  async remove(tx, workspaceId, id) {
    const { numDeletedRows } = await tx.db
      .deleteFrom('schedules')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (numDeletedRows > 0n) await tellChange(tx, { topic: 'schedule', workspaceId, id });
    return numDeletedRows > 0n;
  },

  tick: tickSchedule,
  release: releaseWaiting,
  invoke: invokeNow,
  live: liveOf,

  async runs({ db }, workspaceId, id, limit) {
    const rows = await db
      .selectFrom('schedule_runs')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('schedule_id', '=', id)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(runOf);
  },
};

/** Schedules of every workspace. */
export async function allSchedules({ db }: Read): Promise<Schedule[]> {
  return (await db.selectFrom('schedules').selectAll().orderBy('id').execute()).map(scheduleOf);
}

async function readSchedule({ db }: Read, workspaceId: WorkspaceId, id: string): Promise<Schedule | null> {
  const row = await db
    .selectFrom('schedules')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : scheduleOf(row);
}

async function count({ db }: Write, workspaceId: WorkspaceId, functionId: string | null): Promise<number> {
  const { n } = await db
    .selectFrom('schedules')
    .select((row) => row.fn.countAll<number>().as('n'))
    .where('workspace_id', '=', workspaceId)
    .$if(functionId !== null, (query) => query.where('function_id', '=', functionId!))
    .executeTakeFirstOrThrow();
  return Number(n);
}

async function unlessTaken<T>(tx: Write, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw tx.isUniqueViolation(error) ? new ColdframeError('schedule_exists', { cause: error }) : error;
  }
}
