import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FunctionView } from '../../catalog/function-view.ts';
import type { InvocationRecord } from '../../domain/invocation.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { InvokeRequest, InvokeResult, RunnableRevision } from '../../invoke/types.ts';
import type {
  HttpDeps,
  LiveEntry,
  LiveSubscription,
  Principal,
  RouteEntry,
  TestEventView,
  UrlTarget,
} from '../deps.ts';

export const ADMIN: Principal = { workspaceId: 'default', scopes: ['admin'], keyId: 'k-admin' };
const KEYS: Record<string, Principal> = {
  'admin-key': ADMIN,
  'read-key': { workspaceId: 'default', scopes: ['read'], keyId: 'k-read' },
  'invoke-key': { workspaceId: 'default', scopes: ['invoke'], keyId: 'k-invoke' },
  'deploy-key': { workspaceId: 'default', scopes: ['deploy'], keyId: 'k-deploy' },
};

/** What the fake invoker does with a call; the default echoes the event. */
export type Behaviour = (request: InvokeRequest, answer: (result: Partial<InvokeResult>) => void) => void;

export interface FakeDeps extends HttpDeps {
  /** By function name. */
  behaviours: Map<string, Behaviour>;
  requests: InvokeRequest[];
  logged: object[];
  records: HttpDeps['records'] & { byId: Map<string, InvocationRecord> };
  live: HttpDeps['live'] & { publish(entry: LiveEntry): void; listeners: Set<LiveSubscription>; gap: boolean };
  urls: HttpDeps['urls'] & { byUrl: Map<string, UrlTarget>; table: RouteEntry[] };
  sessions: Map<string, Principal>;
  linkTokens: Set<string>;
}

/** In-memory stand-ins for the rooms behind HTTP, honest about their contracts and nothing more. */
export function fakeDeps(): FakeDeps {
  const behaviours = new Map<string, Behaviour>();
  const requests: InvokeRequest[] = [];
  const logged: object[] = [];
  const sessions = new Map<string, Principal>();
  const linkTokens = new Set<string>();
  let ids = 0;
  const log = (context: object) => void logged.push(context);
  return {
    behaviours,
    requests,
    logged,
    sessions,
    linkTokens,
    config: {
      publicUrl: null,
      functionOrigin: () => 'http://127.0.0.1:8643',
      uploadDir: join(tmpdir(), `coldframe-http-test-${process.pid}`),
    },
    log: { error: log, warn: log, info: log },
    auth: {
      verifyKey: (secret) => (Object.hasOwn(KEYS, secret) ? (KEYS[secret] ?? null) : null),
      verifySession: async (token) => sessions.get(token) ?? null,
      async openSession(principal) {
        const token = `session-${++ids}`;
        sessions.set(token, principal);
        return { token, expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
      },
      closeSession: async (token) => void sessions.delete(token),
      mintLinkToken() {
        const token = `link-${++ids}`;
        linkTokens.add(token);
        return token;
      },
      redeemLinkToken: (token) => (linkTokens.delete(token) ? ADMIN : null),
    },
    functions: fakeFunctions(),
    testEvents: fakeTestEvents(),
    keys: {
      list: () => [],
      create: async (_workspaceId, input) => ({
        ...input,
        id: 'k1',
        createdAt: '2026-01-01T00:00:00.000Z',
        lastUsedAt: null,
        secret: 's3cret',
      }),
      async remove() {
        throw new ColdframeError('key_not_found');
      },
    },
    catalog: {
      resolve(workspaceId, ref) {
        const [name = '', version = '$LATEST'] = ref.split(':');
        if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name) || name === 'absent') {
          throw new ColdframeError('function_not_found');
        }
        if (version !== '$LATEST') throw new ColdframeError('version_not_found');
        return runnable(workspaceId, name);
      },
      byId: () => null,
    },
    urls: fakeUrls(),
    invoker: {
      inFlight: 0,
      invoke(request, onResult) {
        requests.push(request);
        const answer = (result: Partial<InvokeResult>): void => onResult(resultOf(request, result));
        const behaviour = behaviours.get(request.target.functionName);
        if (behaviour) behaviour(request, answer);
        else answer({ body: request.event });
      },
      cancel: (_workspaceId, id) => id === 'running',
      drain: async () => {},
    },
    newInvocationId: () => `00000000-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
    tryRunner: {
      async run(request) {
        const call = { id: 'try-1', target: runnable(request.workspaceId, request.functionName) } as InvokeRequest;
        return resultOf(call, { body: request.event });
      },
    },
    records: fakeRecords(),
    live: fakeLive(),
    telemetry: {
      logs: async () => ({ items: [], nextCursor: null }),
      metrics: async ({ from, to, stepMs }) => {
        const totals = { invocations: 0, errors: 0, throttles: 0, cold: 0, claimed: 0, warm: 0 };
        const nulls = { p50Ms: null, p95Ms: null, p99Ms: null, cpuMs: null, maxMemoryMib: null };
        return { from, to, stepMs, points: [], totals: { ...totals, ...nulls }, byIsolation: {}, byStart: {} };
      },
    },
    platform: {
      platform: () => ({
        version: '0.1.0',
        instance: 'i1',
        dataDir: '/data',
        startedAt: '2026-01-01T00:00:00.000Z',
        warnings: [],
        preparing: [],
      }),
      isolation: () => [],
      runtimes: () => [{ runtime: 'nodejs24', isolations: ['process'] }],
      notReady: (isolation) => (isolation === 'docker' ? 'The docker images are being built.' : null),
    },
    pool: { snapshot: () => ({ idleBudgetMib: 1, idleMib: 0, sandboxes: [], byIsolation: {}, queued: 0 }) },
    prometheus: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'coldframe_up 1\n' }),
  };
}

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

function fakeFunctions(): HttpDeps['functions'] {
  const byName = new Map<string, FunctionView>([['hello', view('hello')]]);
  const get = (name: string): FunctionView => {
    const found = byName.get(name);
    if (!found) throw new ColdframeError('function_not_found');
    return found;
  };
  const checked = (name: string, ifMatch: string | null | undefined): FunctionView => {
    const found = get(name);
    if (ifMatch && ifMatch !== '*' && ifMatch !== found.etag) throw new ColdframeError('function_changed');
    return found;
  };
  return {
    list: () => ({ items: [...byName.values()], nextCursor: null }),
    get: (_workspaceId, name) => get(name),
    async create(_workspaceId, input) {
      if (byName.has(input.name)) throw new ColdframeError('function_exists');
      byName.set(input.name, view(input.name));
      return get(input.name);
    },
    update: async (_workspaceId, name, _patch, options) => checked(name, options.ifMatch),
    remove: async (_workspaceId, name, options) => {
      checked(name, options.ifMatch);
      byName.delete(name);
    },
    putCode: async (_workspaceId, name, _code, options) => checked(name, options.ifMatch),
    async getCode(_workspaceId, name) {
      get(name);
      return { codeSha256: 'c0de', files: { 'index.js': 'export {}' }, binaryFiles: [] };
    },
    async getCodeZip(_workspaceId, name) {
      get(name);
      return Readable.from([Buffer.from('PK')]);
    },
  };
}

function fakeTestEvents(): HttpDeps['testEvents'] {
  const events = new Map<string, TestEventView>();
  return {
    list: async () => [...events.values()],
    async get(_workspaceId, _functionName, name) {
      const found = events.get(name);
      if (!found) throw new ColdframeError('test_event_not_found');
      return found;
    },
    async put(_workspaceId, _functionName, name, event) {
      const created = !events.has(name);
      events.set(name, { name, event, updatedAt: '2026-01-01T00:00:00.000Z' });
      return { created };
    },
    async remove(_workspaceId, _functionName, name) {
      if (!events.delete(name)) throw new ColdframeError('test_event_not_found');
    },
  };
}

function fakeRecords(): FakeDeps['records'] {
  const byId = new Map<string, InvocationRecord>();
  return {
    byId,
    get: async (_workspaceId, id) => byId.get(id) ?? null,
    list: async () => ({ items: [...byId.values()], nextCursor: null }),
  };
}

function fakeLive(): FakeDeps['live'] {
  const callbacks = new Map<LiveSubscription, (entry: LiveEntry) => void>();
  const listeners = new Set<LiveSubscription>();
  const live: FakeDeps['live'] = {
    gap: false,
    listeners,
    publish(entry) {
      for (const onEvent of callbacks.values()) onEvent(entry);
    },
    subscribe(subscription, onEvent, onGap) {
      listeners.add(subscription);
      callbacks.set(subscription, onEvent);
      if (live.gap && subscription.afterId !== null) onGap({ fromId: subscription.afterId + 1, toId: 9 });
      return () => {
        listeners.delete(subscription);
        callbacks.delete(subscription);
      };
    },
  };
  return live;
}

function fakeUrls(): FakeDeps['urls'] {
  const byUrl = new Map<string, UrlTarget>();
  const table: RouteEntry[] = [];
  const find = (wanted: (target: UrlTarget) => boolean): UrlTarget | null => [...byUrl.values()].find(wanted) ?? null;
  return {
    byUrl,
    table,
    byUrlId: (urlId) => byUrl.get(urlId) ?? null,
    byName: (name) => find(({ target }) => target.functionName === name),
    byFunctionId: (functionId) => find(({ target }) => target.functionId === functionId),
    routes: () => table,
  };
}
