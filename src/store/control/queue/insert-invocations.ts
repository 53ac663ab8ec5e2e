import type { NewInvocation } from '../../contract/queue-table.ts';
import type { Write } from '../statements.ts';
import { inChunks } from './in-chunks.ts';

/** A larger event lies apart from its row. SQLite writes a row again with all of its overflow, PostgreSQL its tuple. */
const INLINE_EVENT_MAX_BYTES = 4 * 1024;

/** Puts invocations into the queue, within the transaction of whatever made them. */
export async function insertInvocations({ db }: Write, invocations: readonly NewInvocation[]): Promise<void> {
  await inChunks(invocations, async (chunk) => {
    await db.insertInto('live_invocations').values(chunk.map(rowOf)).execute();
  });
  const large = invocations.filter(({ event }) => event.byteLength > INLINE_EVENT_MAX_BYTES);
  for (const { id, workspaceId, event } of large)
    await db
      .insertInto('invocation_events')
      .values({ invocation_id: id, workspace_id: workspaceId, body: event })
      .execute();
}

function rowOf(it: NewInvocation) {
  return {
    id: it.id,
    workspace_id: it.workspaceId,
    function_id: it.functionId,
    function_name: it.functionName,
    queue_key: it.queueKey,
    trigger_name: it.trigger,
    parent_id: it.parentId,
    root_id: it.rootId,
    depth: it.depth,
    schedule_id: it.scheduleId,
    state: 'queued' as const,
    due_ms: it.dueMs,
    accepted_ms: it.acceptedMs,
    expires_ms: it.expiresMs,
    attempt: 0,
    failures: 0,
    losses: 0,
    owner: null,
    fence: 0,
    began_ms: null,
    outcome: null,
    reason: null,
    ended_ms: null,
    untold_ms: null,
    attempts_json: '[]',
    event: it.event.byteLength > INLINE_EVENT_MAX_BYTES ? null : it.event,
    event_bytes: it.event.byteLength,
    min_isolation: it.minIsolation,
    trace_id: it.traceId,
    cancel_asked: 0,
  };
}
