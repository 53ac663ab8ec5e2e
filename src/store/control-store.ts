import type { Comparison } from '../domain/comparison.ts';
import type { FunctionRecord, Revision } from '../domain/function.ts';
import type { FunctionState, Scope } from '../domain/names.ts';
import type { FunctionSettings } from '../domain/settings.ts';

/**
 * What the rest of the server asks of control.db, in domain words; SQL lives behind it, in the store worker alone.
 * Every method rejects with ColdframeError `storage_full`, `storage_read_only` or `storage_unavailable` when the disk
 * cannot serve, and with the code named beside it otherwise. A resolved write is durable (synchronous=FULL).
 */
export interface ControlStore {
  functions: FunctionsTable;
  keys: KeysTable;
  sessions: SessionsTable;
  secrets: SecretsTable;
  testEvents: TestEventsTable;
  comparisons: ComparisonsTable;
  settings: SettingsTable;
}

export interface NewFunction {
  id: string;
  workspaceId: string;
  name: string;
  urlId: string;
  state: FunctionState;
  at: string;
  settings: FunctionSettings;
  revision: Revision;
  secrets: SecretRow[];
}

/** The function's own settings, without another revision. */
export interface ChangedSettings {
  settings: FunctionSettings;
  /** The number of this change: one more than that of the function it was made from. */
  change: number;
  at: string;
}

export interface AddedRevision extends ChangedSettings {
  revision: Revision;
  state: FunctionState;
  secrets: SecretRow[];
}

export interface FunctionsTable {
  /** Every function of every workspace with its newest revision: loaded once at start into the memory view. */
  all(): Promise<FunctionRecord[]>;
  /** Function, first revision and its secrets in one transaction. `function_exists` when the name is taken in its workspace. */
  insert(fn: NewFunction): Promise<void>;
  /** Adds a revision with its new secrets, makes it the newest, sets settings and state, in one transaction; `function_changed` unless the change before was the last; `function_not_found`. */
  addRevision(functionId: string, added: AddedRevision): Promise<void>;
  /** `function_changed` and `function_not_found` as for `addRevision`. */
  setSettings(functionId: string, changed: ChangedSettings): Promise<void>;
  setState(functionId: string, state: FunctionState, at: string): Promise<void>;
  revision(revisionId: string): Promise<Revision | null>;
  /** Removes function, revisions, secrets and test events in one transaction; `function_not_found` when gone. */
  remove(functionId: string): Promise<void>;
  /** Hashes of every package some revision still names, for the collector. */
  packageHashes(workspaceId: string): Promise<string[]>;
}

export interface KeyRow {
  id: string;
  workspaceId: string;
  name: string;
  scopes: Scope[];
  /** sha256 of the secret, hex; the secret itself is never stored. */
  secretSha256: string;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

export interface KeysTable {
  all(): Promise<KeyRow[]>;
  insert(row: KeyRow): Promise<void>;
  /** False when it was not there. */
  remove(workspaceId: string, id: string): Promise<boolean>;
  touch(used: { id: string; at: string }[]): Promise<void>;
}

export interface SessionRow {
  id: string;
  workspaceId: string;
  tokenSha256: string;
  scopes: Scope[];
  /** The key it was opened with (`Keys.referenceOf`); null for a sign-in link. */
  keyReference: string | null;
  createdAt: string;
  expiresAt: string;
}

export interface SessionsTable {
  insert(row: SessionRow): Promise<void>;
  byToken(tokenSha256: string): Promise<SessionRow | null>;
  remove(id: string): Promise<boolean>;
  prune(now: string): Promise<number>;
}

/** AES-256-GCM ciphertext under the master key named by `keyId`; never plain text. */
export interface SecretRow {
  id: string;
  workspaceId: string;
  functionId: string;
  keyId: string;
  nonce: Uint8Array;
  ciphertext: Uint8Array;
  createdAt: string;
}

export interface SecretsTable {
  get(ids: string[]): Promise<SecretRow[]>;
}

export interface TestEventRow {
  functionId: string;
  name: string;
  /** The event's JSON text, as sent. */
  event: string;
  updatedAt: string;
}

export interface TestEventsTable {
  list(functionId: string): Promise<TestEventRow[]>;
  get(functionId: string, name: string): Promise<TestEventRow | null>;
  put(row: TestEventRow): Promise<{ created: boolean }>;
  remove(functionId: string, name: string): Promise<boolean>;
}

export interface ComparisonPage {
  /** 1 to 500. */
  limit: number;
  cursor?: string;
}

export interface ComparisonsTable {
  /** With it the oldest of the function go, beyond `keptMax`. `function_not_found` when there is no such function. */
  insert(comparison: Comparison, keptMax: number): Promise<void>;
  /** Writes state and results; a row that went with its function is left alone. */
  update(comparison: Comparison): Promise<void>;
  get(workspaceId: string, id: string): Promise<Comparison | null>;
  /** Newest first. `invalid_request` for a cursor that is not of this list. */
  list(functionId: string, page: ComparisonPage): Promise<{ items: Comparison[]; nextCursor: string | null }>;
  /** Those that are still `running` become `interrupted`; says how many. */
  interruptRunning(at: string): Promise<number>;
}

/** Small facts about this installation (instance id, isolations once seen usable, epoch counter). */
export interface SettingsTable {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}
