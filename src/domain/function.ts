import type { FunctionState, Isolation } from './names.ts';
import type { FunctionSettings, RevisionSettings } from './settings.ts';
import type { WorkspaceId } from './workspace-id.ts';

/** A value in a function's environment: plain text, or a secret kept encrypted and never read back. */
export type EnvValue = string | { secret: string };

/** Environment as stored: secrets only as references to rows of the secrets table. */
export type StoredEnv = Record<string, { plain: string } | { secretId: string }>;

/** Code, settings and environment that never change; sandboxes bind to it. `id` sorts by time. */
export interface Revision {
  id: string;
  functionId: string;
  workspaceId: WorkspaceId;
  /** Counts up from 1 per function. */
  number: number;
  codeSha256: string;
  settings: RevisionSettings;
  env: StoredEnv;
  /** What `auto` resolved to at deploy; never moves to a weaker one by itself. */
  isolation: Isolation;
  createdAt: string;
}

/** A named unit of user code, as the catalog keeps it in memory for admission. */
export interface FunctionRecord {
  id: string;
  workspaceId: WorkspaceId;
  name: string;
  /** The immutable random id in `/fn/{urlId}`. */
  urlId: string;
  state: FunctionState;
  createdAt: string;
  updatedAt: string;
  settings: FunctionSettings;
  /** Counts up with every change of settings or code: what an ETag tells apart. */
  change: number;
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
