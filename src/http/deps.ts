import type { Readable } from 'node:stream';
import type { KeyView } from '../auth/keys.ts';
import type { Principal } from '../auth/principal.ts';
import type {
  CodeInput,
  CreateFunction,
  ListFunctions,
  SettingsPatch,
  WriteOptions,
} from '../catalog/catalog-input.ts';
import type { FunctionView } from '../catalog/function-view.ts';
import type { TestEventView } from '../catalog/test-events.ts';
import type { RouteEntry, UrlTarget } from '../catalog/view/catalog-entries.ts';
import type { Comparison } from '../domain/comparison.ts';
import type { EnforcedLimits } from '../domain/invocation.ts';
import type { LeaveSignal } from '../domain/leave-signal.ts';
import type { Log } from '../domain/log.ts';
import type { Isolation, RuntimeId, Scope } from '../domain/names.ts';
import type { InvokeCatalog } from '../domain/runnable-revision.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';
import type { InvokeResult, Invoker } from '../invoke/types.ts';
import type { PoolSnapshot } from '../pool/types.ts';
import type { LiveFeed } from '../records/live/live-feed.ts';
import type { Records } from '../records/records.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import type { TemplateShelf } from '../templates/template-shelf.ts';

/** Everything the HTTP rooms ask of the rest of the server; main.ts hands it in. */
export interface HttpDeps {
  config: HttpConfig;
  log: Log;
  auth: HttpAuth;
  functions: FunctionOperations;
  testEvents: TestEventOperations;
  templates: Pick<TemplateShelf, 'list' | 'get'>;
  keys: KeyOperations;
  catalog: InvokeCatalog;
  urls: UrlCatalog;
  invoker: Invoker;
  /** A fresh invocation id (UUIDv7). */
  newInvocationId(): string;
  tryRunner: TryRunner;
  comparisons: ComparisonOperations;
  records: ForAskers<Pick<Records, 'get' | 'list' | 'logs'>>;
  live: Pick<LiveFeed, 'latestId' | 'subscribe'>;
  telemetry: ForAskers<Pick<TelemetryStore, 'metrics' | 'functionsActivity' | 'functionErrors'>>;
  platform: PlatformOperations;
  pool: { snapshot(): PoolSnapshot };
  /** Prometheus text of the platform's own metrics. */
  prometheus(): Promise<{ contentType: string; body: string }>;
}

/** The same with every argument given: HTTP asks for others, so it names the asker. */
type ForAskers<Reads> = {
  [Name in keyof Reads]: Reads[Name] extends (...given: infer Given) => infer Answer
    ? (...given: Required<Given>) => Answer
    : never;
};

export interface HttpConfig {
  publicUrl: URL | null;
  /** Origin of function URLs, without a slash at the end; a function because the port is known only once it listens. */
  functionOrigin(): string;
  /** A domain whose every subdomain reaches the function listener. Null or absent when there is none. */
  functionDomain?: string | null;
  /** Where zip uploads are kept while they are read; private to the server, on the data directory's disk. */
  uploadDir: string;
  /** The folder where the built console lies, or will lie once it is built. Null when no console is served. */
  consoleDir: string | null;
  /** Bytes of bodies in flight; default 256 MiB. */
  bodyBudgetBytes?: number;
  /** Connections each listener takes at once; default 1,000. */
  connectionsMax?: number;
  /** How long a whole request may take to arrive; default 120 s. */
  requestTimeoutMs?: number;
  /** Time between two heartbeats of an event stream. Default 15 s. */
  heartbeatMs?: number;
}

export interface HttpAuth {
  /** From memory, in constant time. Null for a wrong, expired or deleted key. */
  /** A `memo` is the caller's, made for one secret: its hash is then made once. */
  verifyKey(secret: string, memo?: { digest: string | null }): Principal | null;
  /** Whether a text holds what looks like a secret of this server; whether it is a good one is not asked. */
  resemblesSecret(text: string): boolean;
  verifySession(token: string): Promise<Principal | null>;
  /** Whether what let a request in still would; asking makes no session last longer. */
  isGood(principal: Principal): boolean;
  /** Calls back at once when a key or session has gone; the return value stops that. Expiry is not told. */
  onEnded(listener: () => void): () => void;
  /** Why a token that was refused opens nothing; `unknown` for one that was never valid, or ended long ago. */
  whySessionEnded(token: string): 'expired' | 'closed' | 'key_gone' | 'unknown';
  /** The token is shown to the browser once and stored hashed. */
  openSession(principal: Principal): Promise<{ token: string; expiresAt: string }>;
  closeSession(token: string): Promise<void>;
  /** For a sign-in link; single use, 10 minutes. */
  mintLinkToken(keyId?: string | null): string;
  /** Null when it is unknown, used or older than 10 minutes. */
  redeemLinkToken(token: string): Principal | null | Promise<Principal | null>;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** All throw catalogue errors; `options.ifMatch` is the If-Match header as sent. */
export interface FunctionOperations {
  list(workspaceId: WorkspaceId, options: ListFunctions): Page<FunctionView>;
  /** Names by function id, in one pass over memory. */
  names(workspaceId: WorkspaceId): ReadonlyMap<string, string>;
  get(workspaceId: WorkspaceId, name: string): FunctionView;
  create(workspaceId: WorkspaceId, input: CreateFunction, options: WriteOptions): Promise<FunctionView>;
  update(workspaceId: WorkspaceId, name: string, patch: SettingsPatch, options: WriteOptions): Promise<FunctionView>;
  remove(workspaceId: WorkspaceId, name: string, options: WriteOptions): Promise<void>;
  putCode(workspaceId: WorkspaceId, name: string, code: CodeInput, options: WriteOptions): Promise<FunctionView>;
  getCode(workspaceId: WorkspaceId, name: string): Promise<CodeView>;
  getCodeZip(workspaceId: WorkspaceId, name: string): Promise<Readable>;
}

/** A function's code: text files whole, other files only by name. */
export interface CodeView {
  codeSha256: string;
  files: Record<string, string>;
  binaryFiles: { path: string; sizeBytes: number }[];
  executableFiles: string[];
  links: { path: string; target: string }[];
}

export interface TestEventOperations {
  list(workspaceId: WorkspaceId, functionName: string): Promise<TestEventView[]>;
  get(workspaceId: WorkspaceId, functionName: string, name: string): Promise<TestEventView>;
  put(workspaceId: WorkspaceId, functionName: string, name: string, event: string): Promise<{ created: boolean }>;
  remove(workspaceId: WorkspaceId, functionName: string, name: string): Promise<void>;
}

export interface KeyOperations {
  list(workspaceId: WorkspaceId): KeyView[] | Promise<KeyView[]>;
  create(
    workspaceId: WorkspaceId,
    input: { name: string; scopes: Scope[]; expiresAt: string | null },
  ): Promise<KeyView & { secret: string }>;
  /** Throws `key_not_found`. */
  remove(workspaceId: WorkspaceId, id: string): Promise<void>;
}

/** What the function listener asks, from memory. */
export interface UrlCatalog {
  /** The next three throw `function_not_ready` for a function that cannot be called. */
  byUrlId(urlId: string): UrlTarget | null;
  /** Looks in the default workspace. */
  byName(name: string): UrlTarget | null;
  byFunctionId(functionId: string): UrlTarget | null;
  /** The same array until the routes of some function change. */
  routes(): readonly RouteEntry[];
}

export interface TryRequest {
  workspaceId: WorkspaceId;
  functionName: string;
  /** When null, the deployed code runs. */
  code: CodeInput | null;
  settings: SettingsPatch | null;
  event: Uint8Array;
  /** Aborts when the caller goes away. What has not begun by then is not begun. */
  clientGone: LeaveSignal;
  /** Is told the invocation's id once the code was accepted, before it runs. */
  onBegun(id: string): void;
}

/** Runs unsaved code in a sandbox of its own. Rejects with a catalogue error when it cannot begin. */
export interface TryRunner {
  run(request: TryRequest): Promise<InvokeResult>;
}

export interface ComparisonOperations {
  /**
   * Throws `comparison_running`, `unknown_isolation`, `isolation_not_usable`, `isolation_preparing`, `draining`, and what
   * resolving the function throws.
   */
  start(
    workspaceId: WorkspaceId,
    functionName: string,
    request: { isolations: readonly string[] | null; count?: number; timeLimitMs?: number; event: Uint8Array },
  ): Promise<Comparison>;
  /** Throws `comparison_not_found`. */
  get(workspaceId: WorkspaceId, id: string): Promise<Comparison>;
  list(
    workspaceId: WorkspaceId,
    functionId: string,
    page: { limit: number; cursor?: string },
  ): Promise<Page<Comparison>>;
  /** Throws `comparison_not_found`, `comparison_finished`. */
  cancel(workspaceId: WorkspaceId, id: string): Promise<void>;
}

export interface PlatformView {
  version: string;
  instance: string;
  dataDir: string;
  startedAt: string;
  warnings: string[];
  preparing: { name: string; detail: string; progress: number | null }[];
  stuck: StuckView[];
}

/** A sandbox that could not be removed from the host yet. `limitMib` counts in the memory sum until it is gone. */
export interface StuckView {
  sandboxId: string;
  isolation: Isolation;
  limitMib: number;
  tries: number;
  since: string;
  reason: string;
}

export interface IsolationView {
  isolation: Isolation;
  driver: string | null;
  state: string;
  detail: string;
  fix: string | null;
  fence: string | null;
  runtimes: RuntimeId[];
  enforced: EnforcedLimits | null;
  progress: number | null;
  /** Whether network `egress` is offered. Null when the isolation cannot offer it, or while the proof still runs. */
  egress: { isProven: boolean; detail: string; fix: string | null } | null;
}

export interface PlatformOperations {
  platform(): PlatformView | Promise<PlatformView>;
  isolation(): IsolationView[] | Promise<IsolationView[]>;
  runtimes():
    | { runtime: RuntimeId; isolations: Isolation[] }[]
    | Promise<{ runtime: RuntimeId; isolations: Isolation[] }[]>;
  /**
   * Null when ready, else one sentence that says why not. Without an isolation it asks for API, store and any one
   * isolation.
   */
  notReady(isolation: Isolation | null): string | null | Promise<string | null>;
}
