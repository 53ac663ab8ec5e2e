import type { AttemptRecord, InvocationRecord } from '../../domain/invocation.ts';

/** A record without its logs and captured bodies: what lists and the live feed show, small whatever the function printed. */
export function recordSummary(record: InvocationRecord): InvocationRecord {
  return { ...record, event: null, result: null, attempts: record.attempts.map(withoutLogs) };
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
  return { ...attempt, logs: [] };
}
