import type { Selectable } from 'kysely';
import type { EndedAttempt, EndedRow, LiveInvocation } from '../../contract/queue-table.ts';
import type { ControlSchema } from '../control-schema.ts';

export type LiveRow = Selectable<ControlSchema['live_invocations']>;

/** What lists read: everything but the event. */
export const SHOWN_COLUMNS = [
  'id',
  'workspace_id',
  'function_id',
  'function_name',
  'queue_key',
  'trigger_name',
  'parent_id',
  'schedule_id',
  'state',
  'due_ms',
  'accepted_ms',
  'expires_ms',
  'attempt',
  'failures',
  'losses',
  'began_ms',
  'outcome',
  'reason',
  'ended_ms',
  'attempts_json',
  'event_bytes',
  'cancel_asked',
] as const satisfies readonly (keyof LiveRow)[];

export type ShownRow = Pick<LiveRow, (typeof SHOWN_COLUMNS)[number]>;

export const ENDED_COLUMNS = ['id', 'workspace_id', 'function_id', 'queue_key', 'event_bytes', 'state'] as const;

export function liveOf(row: ShownRow): LiveInvocation {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    functionId: row.function_id,
    functionName: row.function_name,
    queueKey: row.queue_key,
    trigger: row.trigger_name,
    state: row.state,
    acceptedMs: row.accepted_ms,
    dueMs: row.due_ms,
    expiresMs: row.expires_ms,
    attempt: row.attempt,
    failures: row.failures,
    losses: row.losses,
    beganMs: row.began_ms,
    endedMs: row.ended_ms,
    outcome: row.outcome,
    reason: row.reason,
    attempts: attemptsOf(row.attempts_json),
    eventBytes: row.event_bytes,
    isCancelAsked: row.cancel_asked === 1,
    parentId: row.parent_id,
    scheduleId: row.schedule_id,
  };
}

export function attemptsOf(json: string): EndedAttempt[] {
  return JSON.parse(json) as EndedAttempt[];
}

export function endedOf(row: Pick<LiveRow, (typeof ENDED_COLUMNS)[number]>): EndedRow {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    functionId: row.function_id,
    queueKey: row.queue_key,
    eventBytes: row.event_bytes,
    state: row.state,
  };
}
