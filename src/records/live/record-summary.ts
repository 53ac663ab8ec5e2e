import type { AttemptRecord, InvocationRecord } from '../../domain/invocation.ts';

/** A record without its logs and captured bodies: what lists and the live feed show, small whatever the function printed. */
export function recordSummary(record: InvocationRecord): InvocationRecord {
  return {
    id: record.id,
    workspaceId: record.workspaceId,
    functionId: record.functionId,
    functionName: record.functionName,
    mode: record.mode,
    trigger: record.trigger,
    state: record.state,
    outcome: record.outcome,
    isolation: record.isolation,
    start: record.start,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    durationMs: record.durationMs,
    eventBytes: record.eventBytes,
    resultBytes: record.resultBytes,
    event: null,
    result: null,
    attempts: record.attempts.map(withoutLogs),
  };
}

/** The summary as it was when the call began. */
export function recordAsBegun(record: InvocationRecord): InvocationRecord {
  const summary = recordSummary(record);
  summary.state = 'running';
  summary.outcome = null;
  summary.start = null;
  summary.finishedAt = null;
  summary.durationMs = null;
  summary.resultBytes = null;
  summary.attempts = [];
  return summary;
}

function withoutLogs(attempt: AttemptRecord): AttemptRecord {
  return {
    number: attempt.number,
    revisionId: attempt.revisionId,
    runtime: attempt.runtime,
    sandboxId: attempt.sandboxId,
    startedAt: attempt.startedAt,
    outcome: attempt.outcome,
    code: attempt.code,
    start: attempt.start,
    startReason: attempt.startReason,
    phases: attempt.phases,
    usage: attempt.usage,
    receipt: attempt.receipt,
    error: attempt.error,
    logs: [],
    logsTruncated: attempt.logsTruncated,
    clientGone: attempt.clientGone,
  };
}
