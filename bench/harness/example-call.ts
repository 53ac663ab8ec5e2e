import type { LogLine } from '../../src/domain/invocation.ts';
import type { Completion } from '../../src/invoke/outcome/record.ts';
import type { InvokeRequest } from '../../src/invoke/types.ts';

const EVENT = Buffer.from(JSON.stringify({ text: 'x'.repeat(1_000) }));
const TARGET = {
  key: 'function-1 revision-1',
  workspaceId: 'default',
  functionId: '0190f2c1-0000-7000-8000-000000000001',
  functionName: 'hello',
  version: '$LATEST',
  functionArn: 'arn:aws:lambda:local:000000000000:function:hello',
  revision: { id: '0190f2c1-0000-7000-8000-000000000002', codeSha256: 'c'.repeat(64), isolation: 'docker' },
  settings: { runtime: 'nodejs24' },
} as unknown as InvokeRequest['target'];
const SANDBOX = {
  id: 'sb-0190f2c1-0001',
  receipt: {
    isolation: 'docker',
    driver: 'docker',
    fence: 'container',
    imageDigest: `sha256:${'d'.repeat(64)}`,
    enforced: { memory: true, cpu: true, pids: true, disk: true, network: true },
  },
} as const;

/** An ordinary warm call that has just ended well, as invoke hands it to the records. */
export function exampleCall(id: string, lines: number): Completion {
  const ms = performance.now() % 7;
  const request: InvokeRequest = {
    id,
    target: TARGET,
    mode: 'sync',
    trigger: 'api',
    event: EVENT,
    traceId: null,
    minIsolation: null,
    stream: null,
    clientGone: null,
    receivedAtMs: 0,
  };
  return {
    request,
    ending: {
      outcome: 'ok',
      code: null,
      body: EVENT,
      streamedBytes: null,
      error: null,
      handlerMs: ms / 2,
      retryAfterSeconds: null,
      publicMessage: null,
    },
    from: {
      sandbox: SANDBOX,
      start: 'warm',
      reason: null,
      claimMs: null,
      loadMs: null,
      importMs: null,
      loadLogs: null,
    },
    settled: {
      usage: { cpuMs: ms / 3, maxMemoryMib: 43.2, peakScope: 'attempt', source: 'cgroup2', shared: false },
      logs: { lines: linesOf(lines), truncated: false },
      pausedMs: 0,
    },
    attempt: { number: 1, startedAt: new Date().toISOString(), queueMs: 0, totalMs: ms, hasCallerLeft: false },
    state: 'finished',
  };
}

function linesOf(count: number): LogLine[] {
  const at = '2026-01-01T00:00:00.000Z';
  return Array.from({ length: count }, (_, line) => ({ at, stream: 'stdout', text: `line ${line} of what it said` }));
}
