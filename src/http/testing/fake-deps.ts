import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyForm } from '../../auth/key-form.ts';
import type { Principal } from '../../auth/principal.ts';
import { DEFAULT_WORKSPACE } from '../../domain/default-workspace.ts';
import type { InvocationRecord } from '../../domain/invocation.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { InvokeRequest, InvokeResult } from '../../invoke/types.ts';
import { TemplateShelf } from '../../templates/template-shelf.ts';
import type { HttpDeps } from '../deps.ts';
import { type FakeComparisons, fakeComparisons } from './fake-comparisons.ts';
import { fakeFunctions } from './fake-functions.ts';
import { type FakeLive, fakeLive } from './fake-live.ts';
import { fakeTestEvents } from './fake-test-events.ts';
import { type FakeUrls, fakeUrls } from './fake-urls.ts';
import { resultOf, runnable, sessionToken } from './samples.ts';

export const ADMIN: Principal = {
  workspaceId: DEFAULT_WORKSPACE,
  scopes: ['admin'],
  keyId: 'k-admin',
  sessionId: null,
};
const FORM = new KeyForm('admin-key');
const KEYS: Record<string, Principal> = {
  'admin-key': ADMIN,
  'read-key': { workspaceId: DEFAULT_WORKSPACE, scopes: ['read'], keyId: 'k-read', sessionId: null },
  'invoke-key': { workspaceId: DEFAULT_WORKSPACE, scopes: ['invoke'], keyId: 'k-invoke', sessionId: null },
  'deploy-key': { workspaceId: DEFAULT_WORKSPACE, scopes: ['deploy'], keyId: 'k-deploy', sessionId: null },
};

/** What the fake invoker does with a call; the default echoes the event. */
export type Behaviour = (request: InvokeRequest, answer: (result: Partial<InvokeResult>) => void) => void;

export interface FakeDeps extends HttpDeps {
  /** By function name. */
  behaviours: Map<string, Behaviour>;
  requests: InvokeRequest[];
  logged: object[];
  records: HttpDeps['records'] & { byId: Map<string, InvocationRecord> };
  live: FakeLive;
  comparisons: FakeComparisons;
  urls: FakeUrls;
  sessions: Map<string, Principal>;
  linkTokens: Set<string>;
  /** Ids of keys and sessions that have gone; nobody is told before `endAll`. */
  goneCallers: Set<string>;
  endAll(): void;
}

/** In-memory stand-ins for the rooms behind HTTP, honest about their contracts and nothing more. */
export function fakeDeps(): FakeDeps {
  const behaviours = new Map<string, Behaviour>();
  const requests: InvokeRequest[] = [];
  const logged: object[] = [];
  const sessions = new Map<string, Principal>();
  const linkTokens = new Set<string>();
  const goneCallers = new Set<string>();
  const endListeners = new Set<() => void>();
  let ids = 0;
  const log = (context: object) => void logged.push(context);
  return {
    behaviours,
    requests,
    logged,
    sessions,
    linkTokens,
    goneCallers,
    endAll() {
      for (const listener of endListeners) listener();
    },
    config: {
      publicUrl: null,
      functionOrigin: () => 'http://127.0.0.1:8643',
      uploadDir: join(tmpdir(), `coldframe-http-test-${process.pid}`),
      consoleDir: null,
    },
    log: { debug: log, error: log, warn: log, info: log },
    auth: {
      verifyKey: (secret) => (Object.hasOwn(KEYS, secret) ? (KEYS[secret] ?? null) : null),
      resemblesSecret: (text) => FORM.isIn(text),
      verifySession: async (token) => sessions.get(token) ?? null,
      isGood: ({ keyId, sessionId }) => !goneCallers.has(sessionId ?? keyId ?? ''),
      onEnded(listener) {
        endListeners.add(listener);
        return () => endListeners.delete(listener);
      },
      whySessionEnded: (token) => (token === sessionToken('expired') ? 'expired' : 'unknown'),
      async openSession(principal) {
        const token = sessionToken(`session-${++ids}`);
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
    templates: new TemplateShelf(),
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
        request.onBegun('try-1');
        const call = { id: 'try-1', target: runnable(request.workspaceId, request.functionName) } as InvokeRequest;
        return resultOf(call, { body: request.event });
      },
    },
    comparisons: fakeComparisons(),
    records: fakeRecords(),
    live: fakeLive(),
    telemetry: {
      metrics: async ({ from, to, stepMs }) => {
        const totals = { invocations: 0, errors: 0, throttles: 0, cold: 0, claimed: 0, warm: 0, averageConcurrency: 0 };
        const nulls = { errorRate: null, p50Ms: null, p95Ms: null, p99Ms: null, cpuMs: null, maxMemoryMib: null };
        return { from, to, stepMs, points: [], totals: { ...totals, ...nulls }, byIsolation: {}, byStart: {} };
      },
      functionsActivity: async ({ from, to, stepMs }) => ({ from, to, stepMs, items: [] }),
      functionErrors: async () => ({ groups: [], failures: 0, isComplete: true }),
    },
    platform: {
      platform: () => ({
        version: '0.1.0',
        instance: 'i1',
        dataDir: '/data',
        startedAt: '2026-01-01T00:00:00.000Z',
        warnings: [],
        preparing: [],
        stuck: [],
      }),
      isolation: () => [],
      runtimes: () => [{ runtime: 'nodejs24', isolations: ['process'] }],
      notReady: (isolation) => (isolation === 'docker' ? 'The docker images are being built.' : null),
    },
    pool: { snapshot: () => ({ idleBudgetMib: 1, idleMib: 0, sandboxes: [], byIsolation: {}, queued: 0 }) },
    prometheus: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'coldframe_up 1\n' }),
  };
}

function fakeRecords(): FakeDeps['records'] {
  const byId = new Map<string, InvocationRecord>();
  return {
    byId,
    get: async (_workspaceId, id) => byId.get(id) ?? null,
    list: async () => ({ items: [...byId.values()], nextCursor: null }),
    logs: async () => ({ items: [], nextCursor: null }),
  };
}
