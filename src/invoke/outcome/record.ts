import type { Settled } from '../../contract/sandbox.ts';
import { type AttemptRecord, type InvocationRecord, type LogLine, UNKNOWN_USAGE } from '../../domain/invocation.ts';
import type { InvokeRequest } from '../types.ts';
import type { Ending } from './ending.ts';
import { receiptOf, type SandboxSource } from './sandbox-source.ts';
import { utcNow } from './utc-now.ts';

const NO_LINES: LogLine[] = [];

/** The record of a call that has just been admitted. */
export function newRecord(request: InvokeRequest): InvocationRecord {
  const { target } = request;
  return {
    id: request.id,
    workspaceId: target.workspaceId,
    functionId: target.functionId,
    functionName: target.functionName,
    mode: request.mode,
    trigger: request.trigger,
    state: 'running',
    outcome: null,
    isolation: target.revision.isolation,
    start: null,
    startedAt: utcNow(),
    finishedAt: null,
    durationMs: null,
    eventBytes: request.event.byteLength,
    resultBytes: null,
    event: null,
    result: null,
    attempts: [],
  };
}

export interface Completion {
  request: InvokeRequest;
  ending: Ending;
  /** Where it ran; null when it never had a sandbox. */
  from: SandboxSource | null;
  settled: Settled | null;
  queueMs: number;
  totalMs: number;
  /** The caller had left before the reply was ready. */
  clientGone: boolean;
}

/** Fills in the ended attempt. Mutates the one record object, so that the hot path allocates it once. */
export function completeRecord(record: InvocationRecord, completion: Completion): void {
  const { ending, from, settled, totalMs } = completion;
  record.state = 'finished';
  if (ending.streamedBytes !== null) record.mode = 'stream';
  record.outcome = ending.outcome;
  record.isolation = from?.sandbox.receipt.isolation ?? record.isolation;
  record.start = from?.start ?? null;
  record.finishedAt = utcNow();
  record.durationMs = totalMs;
  record.resultBytes = ending.body?.byteLength ?? ending.streamedBytes;
  record.attempts.push(attemptOf(record, completion, settled));
}

function attemptOf(record: InvocationRecord, completion: Completion, settled: Settled | null): AttemptRecord {
  const { request, ending, from, queueMs, totalMs } = completion;
  const loadLogs = from?.loadLogs ?? null;
  const logs = settled?.logs.lines ?? NO_LINES;
  return {
    number: record.attempts.length + 1,
    revisionId: request.target.revision.id,
    runtime: request.target.settings.runtime,
    sandboxId: from?.sandbox.id ?? null,
    startedAt: record.startedAt,
    outcome: ending.outcome,
    code: ending.code,
    start: from?.start ?? null,
    startReason: from?.reason ?? null,
    phases: {
      queueMs,
      claimMs: from?.claimMs ?? null,
      loadMs: from?.loadMs ?? null,
      importMs: from?.importMs ?? null,
      handlerMs: ending.handlerMs,
      totalMs,
    },
    usage: settled?.usage ?? UNKNOWN_USAGE,
    receipt: from && receiptOf(from, request.target.revision.codeSha256),
    error: ending.error,
    logs: loadLogs && loadLogs.lines.length > 0 ? [...loadLogs.lines, ...logs] : logs,
    logsTruncated: (settled?.logs.truncated ?? false) || (loadLogs?.truncated ?? false),
    clientGone: completion.clientGone,
  };
}
