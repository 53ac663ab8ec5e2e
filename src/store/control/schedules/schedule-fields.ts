import type { Selectable } from 'kysely';
import type { Schedule } from '../../../domain/schedule.ts';
import type { ScheduleRun } from '../../contract/schedules-table.ts';
import type { ControlSchema } from '../control-schema.ts';

export function scheduleOf(row: Selectable<ControlSchema['schedules']>): Schedule {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    functionId: row.function_id,
    name: row.name,
    expression: row.expression,
    timezone: row.timezone,
    event: row.event,
    isEnabled: row.enabled === 1,
    jitterMs: row.jitter_ms,
    catchUp: row.catch_up,
    catchUpMax: row.catch_up_max,
    catchUpWindowMs: row.catch_up_window_ms,
    overlap: row.overlap,
    startMs: row.start_ms,
    endMs: row.end_ms,
    origin: row.origin,
    change: row.change,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    anchorMs: row.anchor_ms,
    nextMs: row.next_ms,
    lastMs: row.last_ms,
    waitingMs: row.waiting_ms,
  };
}

/** What a change may write: not who it is, and not what its ticks have become. */
export function settingColumns(schedule: Schedule) {
  return {
    name: schedule.name,
    expression: schedule.expression,
    timezone: schedule.timezone,
    event: schedule.event,
    enabled: schedule.isEnabled ? 1 : 0,
    jitter_ms: schedule.jitterMs,
    catch_up: schedule.catchUp,
    catch_up_max: schedule.catchUpMax,
    catch_up_window_ms: schedule.catchUpWindowMs,
    overlap: schedule.overlap,
    start_ms: schedule.startMs,
    end_ms: schedule.endMs,
    origin: schedule.origin,
    change: schedule.change,
    updated_ms: schedule.updatedMs,
    anchor_ms: schedule.anchorMs,
    next_ms: schedule.nextMs,
  };
}

export function runOf(row: Selectable<ControlSchema['schedule_runs']>): ScheduleRun {
  return {
    id: row.id,
    scheduleId: row.schedule_id,
    cause: row.cause,
    tickMs: row.tick_ms,
    atMs: row.at_ms,
    outcome: row.outcome,
    invocationId: row.invocation_id,
    missed: row.missed,
  };
}
