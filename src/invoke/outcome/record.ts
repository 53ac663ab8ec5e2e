import type { Settled } from '../../contract/sandbox.ts';
import { type AttemptRecord, type InvocationRecord, type LogLine, UNKNOWN_USAGE } from '../../domain/invocation.ts';
import type { InvocationState } from '../../domain/names.ts';
import type { InvokeRequest } from '../types.ts';
import type { Ending } from './ending.ts';
import { receiptOf, type SandboxSource } from './sandbox-source.ts';
import { utcNow } from './utc-now.ts';

const NO_LINES: LogLine[] = [];

/** The record of an invocation whose attempt is about to begin; `startedAt` is when it was accepted. */
export function newRecord(request: InvokeRequest, startedAt: string): InvocationRecord {
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
    startedAt,
    finishedAt: null,
    durationMs: null,
    eventBytes: request.event.byteLength,
    resultBytes: null,
    event: null,
    result: null,
    attempts: [],
  };
}

/** An attempt that has settled, and what its invocation is now. */
export interface Completion {
  request: InvokeRequest;
  attempt: {
    number: number;
    startedAt: string;
    queueMs: number;
    totalMs: number;
    hasCallerLeft: boolean;
  };
  ending: Ending;
  /** Where it ran. Null when it never had a sandbox. */
  from: SandboxSource | null;
  settled: Settled | null;
  state: InvocationState;
}

/** Adds the attempt and what follows from it. Mutates the one record object, so that the hot path allocates it once. */
export function addAttempt(record: InvocationRecord, completion: Completion): void {
  const { attempt, ending, from, state } = completion;
  record.state = state;
  if (ending.streamedBytes !== null) record.mode = 'stream';
  record.isolation = from?.sandbox.receipt.isolation ?? record.isolation;
  record.start = from?.start ?? null;
  record.attempts.push(attemptOf(completion));
  if (state !== 'finished' && state !== 'dead') return;
  record.outcome = ending.outcome;
  record.finishedAt = utcNow();
  // An invocation that waited for its turn, or was tried again, took longer than its last attempt.
  const isWhole = attempt.startedAt === record.startedAt;
  record.durationMs = isWhole ? attempt.totalMs : Date.parse(record.finishedAt) - Date.parse(record.startedAt);
  record.resultBytes = ending.body?.byteLength ?? ending.streamedBytes;
}

function attemptOf({ request, attempt, ending, from, settled }: Completion): AttemptRecord {
  const loadLogs = from?.loadLogs ?? null;
  const logs = settled?.logs.lines ?? NO_LINES;
  return {
    number: attempt.number,
    revisionId: request.target.revision.id,
    runtime: request.target.settings.runtime,
    sandboxId: from?.sandbox.id ?? null,
    startedAt: attempt.startedAt,
    outcome: ending.outcome,
    code: ending.code,
    start: from?.start ?? null,
    startReason: from?.reason ?? null,
    phases: {
      queueMs: attempt.queueMs,
      claimMs: from?.claimMs ?? null,
      loadMs: from?.loadMs ?? null,
      importMs: from?.importMs ?? null,
      handlerMs: ending.handlerMs,
      totalMs: attempt.totalMs,
    },
    usage: settled?.usage ?? UNKNOWN_USAGE,
    receipt: from && receiptOf(from, request.target.revision.codeSha256),
    error: ending.error,
    logs: loadLogs && loadLogs.lines.length > 0 ? [...loadLogs.lines, ...logs] : logs,
    logsTruncated: (settled?.logs.truncated ?? false) || (loadLogs?.truncated ?? false),
    clientGone: attempt.hasCallerLeft,
    pausedMs: settled?.pausedMs ?? null,
  };
}
