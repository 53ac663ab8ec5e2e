import type { FunctionView } from '../../catalog/function-view.ts';
import type { InvocationRecord } from '../../domain/invocation.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { InvokeRequest, InvokeResult } from '../../invoke/types.ts';

export function runnable(workspaceId: string, name: string): RunnableRevision {
  return {
    key: `${name}@1`,
    workspaceId,
    functionId: `id-${name}`,
    functionName: name,
    version: '$LATEST',
    functionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    revision: { id: 'r1', codeSha256: 'c0de', isolation: 'process' },
    settings: view(name),
    functionSettings: view(name),
    env: {},
    package: { sha256: 'c0de', workspaceId, path: '/p', fileCount: 1, sizeBytes: 1 },
  };
}

export function resultOf(request: InvokeRequest, result: Partial<InvokeResult>): InvokeResult {
  return {
    id: request.id,
    outcome: 'ok',
    code: null,
    body: null,
    streamed: false,
    error: null,
    start: 'warm',
    startReason: null,
    isolation: 'process',
    receipt: null,
    durationMs: 1.5,
    retryAfterSeconds: null,
    publicMessage: null,
    record: Promise.resolve(record(request.id, request.target.functionName)),
    ...result,
  };
}

export function record(id: string, functionName: string): InvocationRecord {
  return {
    id,
    workspaceId: 'default',
    functionId: `id-${functionName}`,
    functionName,
    mode: 'sync',
    trigger: 'api',
    state: 'finished',
    outcome: 'ok',
    isolation: 'process',
    start: 'warm',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:00:00.002Z',
    durationMs: 2,
    eventBytes: 2,
    resultBytes: 2,
    event: null,
    result: null,
    attempts: [],
  };
}

export function view(name: string): FunctionView {
  return {
    id: `id-${name}`,
    name,
    urlId: 'u'.repeat(16),
    arn: `arn:aws:lambda:local:000000000000:function:${name}`,
    runtime: 'nodejs24',
    handler: 'index.handler',
    timeoutMs: 3_000,
    initTimeoutMs: 10_000,
    queueTimeoutMs: 10_000,
    memoryMib: 128,
    cpus: 1,
    concurrencyPerSandbox: 1,
    maxConcurrency: 100,
    minWarm: 0,
    diskMib: 512,
    network: 'none',
    isolation: 'auto',
    effectiveIsolation: 'process',
    routes: [],
    url: { auth: 'key' },
    capture: 'errors',
    description: '',
    tags: {},
    env: { STAGE: 'dev', TOKEN: { secret: true } },
    state: 'active',
    codeSha256: 'c0de',
    revision: { id: 'r1', number: 1 },
    version: '$LATEST',
    etag: '"r1"',
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  };
}

/** A well-formed session token; equal seeds give equal tokens. */
export function sessionToken(seed: string): string {
  return `cfs_${seed.padEnd(43, '0')}`;
}
