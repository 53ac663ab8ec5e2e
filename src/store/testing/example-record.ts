import type { AttemptRecord, InvocationRecord } from '../../domain/invocation.ts';
import { attemptOf } from '../telemetry/fields/attempt-text.ts';

/** A finished invocation with one ordinary attempt, for tests. */
export function exampleRecord(id: string, over: Partial<InvocationRecord> = {}): InvocationRecord {
  const startedAt = over.startedAt ?? new Date().toISOString();
  return {
    id,
    workspaceId: 'default',
    functionId: 'function-1',
    functionName: 'hello',
    mode: 'sync',
    trigger: 'api',
    state: 'finished',
    outcome: 'ok',
    isolation: 'docker',
    start: 'warm',
    startedAt,
    finishedAt: startedAt,
    durationMs: 12.5,
    eventBytes: 20,
    resultBytes: 30,
    event: null,
    result: null,
    attempts: [exampleAttempt({ startedAt })],
    ...over,
  };
}

export function exampleAttempt(over: Partial<AttemptRecord> = {}): AttemptRecord {
  const startedAt = over.startedAt ?? new Date().toISOString();
  return {
    // Fields that are not told below are null, as in the row of an attempt from before they were there.
    ...attemptOf('[]'),
    number: 1,
    revisionId: 'revision-1',
    runtime: 'nodejs24',
    sandboxId: 'sandbox-1',
    startedAt,
    outcome: 'ok',
    code: null,
    start: 'warm',
    startReason: null,
    phases: { queueMs: 0, claimMs: null, loadMs: null, importMs: null, handlerMs: 12, totalMs: 12.5 },
    usage: { cpuMs: 4, maxMemoryMib: 30, peakScope: 'attempt', source: 'cgroup2', shared: false },
    receipt: {
      isolation: 'docker',
      driver: 'docker',
      fence: 'container',
      imageDigest: null,
      codeSha256: 'c'.repeat(64),
      dependencySetSha256: null,
      enforced: { memory: true, cpu: true, pids: true, disk: true, network: true },
    },
    error: null,
    logs: [{ at: startedAt, stream: 'stdout', text: 'hello' }],
    logsTruncated: false,
    clientGone: false,
    pausedMs: 0,
    ...over,
  };
}

/** Ids that sort by number, as UUIDv7 sort by time. */
export function exampleId(number: number): string {
  return `0190f2c1-0000-7000-8000-${String(number).padStart(12, '0')}`;
}
