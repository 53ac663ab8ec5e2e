import type { Capture, FunctionState, Isolation, IsolationChoice, Network, RuntimeId } from './names.ts';

/** A value in a function's environment: plain text, or a secret kept encrypted and never read back. */
export type EnvValue = string | { secret: string };

/** Cross-origin rules of a function URL; absent fields allow nothing. */
export interface Cors {
  allowOrigins?: string[];
  allowMethods?: string[];
  allowHeaders?: string[];
  exposeHeaders?: string[];
  allowCredentials?: boolean;
  maxAgeSeconds?: number;
}

/** Who may call the function URL: holders of a key with scope `invoke`, or anybody. */
export interface UrlSettings {
  auth: 'key' | 'none';
  cors?: Cors;
}

/** A path on the function listener that answers with this function, e.g. `GET /shop/{id}` or `ANY /shop/{proxy+}`. */
export interface RouteSettings {
  method: string;
  path: string;
}

/** Everything an author chooses, defaults filled in; hashed (env secrets by their ciphertext id) into the revision. */
export interface FunctionSettings {
  runtime: RuntimeId;
  handler: string;
  timeoutMs: number;
  initTimeoutMs: number;
  queueTimeoutMs: number;
  memoryMib: number;
  cpus: number;
  concurrencyPerSandbox: number;
  maxConcurrency: number;
  minWarm: number;
  diskMib: number;
  network: Network;
  isolation: IsolationChoice;
  routes: RouteSettings[];
  url: UrlSettings;
  capture: Capture;
  description: string;
  tags: Record<string, string>;
}

/** Environment as stored: secrets only as references to rows of the secrets table. */
export type StoredEnv = Record<string, { plain: string } | { secretId: string }>;

/** An immutable pair of code hash and settings hash; sandboxes bind to it. `id` sorts by time. */
export interface Revision {
  id: string;
  functionId: string;
  workspaceId: string;
  /** Counts up from 1 per function. */
  number: number;
  codeSha256: string;
  settingsSha256: string;
  settings: FunctionSettings;
  env: StoredEnv;
  /** What `auto` resolved to at deploy; never moves to a weaker one by itself. */
  isolation: Isolation;
  createdAt: string;
}

/** A named unit of user code, as the catalog keeps it in memory for admission. */
export interface FunctionRecord {
  id: string;
  workspaceId: string;
  name: string;
  /** The immutable random id in `/fn/{urlId}`. */
  urlId: string;
  state: FunctionState;
  createdAt: string;
  updatedAt: string;
  /** The newest revision: what `$LATEST` points at. */
  revision: Revision;
}

/** A content-addressed code tree on disk. */
export interface PackageRef {
  sha256: string;
  workspaceId: string;
  /** Absolute path of the read-only tree on the host. */
  path: string;
  fileCount: number;
  sizeBytes: number;
}
