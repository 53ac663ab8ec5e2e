import type { Comparison } from '../../domain/comparison.ts';
import type { FunctionRecord, Revision } from '../../domain/function.ts';
import type { FunctionState, Scope } from '../../domain/names.ts';
import type { FunctionSettings } from '../../domain/settings.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { ChangesTable } from './changes.ts';

/**
 * What the rest of the server asks of the control database, in domain words; SQL lives behind it, off the serving thread.
 * Every method rejects with ColdframeError `storage_full`, `storage_read_only` or `storage_unavailable` when the database
 * cannot serve, and with the code named beside it otherwise. Each write is one transaction, and once it resolved it is
 * durable. Several servers may have the same database open.
 */
export interface ControlStore {
  /** The rows of one workspace. No row of another can be reached through it, whatever ids it is asked with. */
  in(workspaceId: WorkspaceId): WorkspaceStore;
  /** What is asked about all workspaces at once; each with its reason in control/scope-exceptions.ts. */
  across: AcrossWorkspaces;
  changes: ChangesTable;
  servers: ServersTable;
  settings: SettingsTable;
}

export interface WorkspaceStore {
  functions: FunctionsTable;
  keys: KeysTable;
  sessions: SessionsTable;
  secrets: SecretsTable;
  testEvents: TestEventsTable;
  comparisons: ComparisonsTable;
}

export interface AcrossWorkspaces {
  /** Every function with its newest revision: loaded into the memory view at start. */
  functions(): Promise<FunctionRecord[]>;
  keys(): Promise<KeyRow[]>;
  sessionByToken(tokenSha256: string): Promise<SessionRow | null>;
  /** Removes the sessions that have expired by `now`; says how many. */
  pruneSessions(now: string): Promise<number>;
  /**
   * Comparisons that were left `running` by an earlier life of this instance become `interrupted`; says how many. Those of
   * other instances are another machine's, and may well be running.
   */
  interruptComparisons(server: ServerIdentity, at: string): Promise<number>;
}

export interface NewFunction {
  id: string;
  name: string;
  urlId: string;
  state: FunctionState;
  at: string;
  settings: FunctionSettings;
  revision: Revision;
  secrets: SecretRow[];
  /** What no other function of this server may answer, in the order of the settings. */
  routeKeys: string[];
}

/** The function's own settings, without another revision. */
export interface ChangedSettings {
  settings: FunctionSettings;
  routeKeys: string[];
  /** The number of this change: one more than that of the function it was made from. */
  change: number;
  at: string;
}

export interface AddedRevision extends ChangedSettings {
  revision: Revision;
  state: FunctionState;
  secrets: SecretRow[];
}

/** All of them tell the change feed, topic `function`. */
export interface FunctionsTable {
  get(functionId: string): Promise<FunctionRecord | null>;
  /** Function, first revision, secrets and routes at once. `function_exists` when the name is taken; `invalid_settings` when a route is. */
  insert(fn: NewFunction): Promise<void>;
  /**
   * Adds a revision with its new secrets, makes it the newest, and sets settings, state and routes. `function_changed` unless
   * the change before was the last; `function_not_found`; `invalid_settings` when a route is taken.
   */
  addRevision(functionId: string, added: AddedRevision): Promise<void>;
  /** Refused as `addRevision` is. */
  setSettings(functionId: string, changed: ChangedSettings): Promise<void>;
  /** `function_not_found` when gone. */
  setState(functionId: string, state: FunctionState, at: string): Promise<void>;
  revision(revisionId: string): Promise<Revision | null>;
  /** Removes function, revisions, secrets, routes, test events and comparisons; `function_not_found` when gone. */
  remove(functionId: string): Promise<void>;
  /** Hashes of every package some revision still names, for the collector. */
  packageHashes(): Promise<string[]>;
}

export interface KeyRow {
  id: string;
  workspaceId: WorkspaceId;
  name: string;
  scopes: Scope[];
  /** sha256 of the secret, hex; the secret itself is never stored. */
  secretSha256: string;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

/** `insert` and `remove` tell the change feed, topic `key`. */
export interface KeysTable {
  get(id: string): Promise<KeyRow | null>;
  insert(row: KeyRow): Promise<void>;
  /** False when it was not there. */
  remove(id: string): Promise<boolean>;
  touch(used: { id: string; at: string }[]): Promise<void>;
}

export interface SessionRow {
  id: string;
  workspaceId: WorkspaceId;
  tokenSha256: string;
  scopes: Scope[];
  /** The key it was opened with (`Keys.referenceOf`); null for a sign-in link. */
  keyReference: string | null;
  createdAt: string;
  expiresAt: string;
}

/** `remove` tells the change feed, topic `session`. */
export interface SessionsTable {
  insert(row: SessionRow): Promise<void>;
  /** False when it was not there. */
  extend(id: string, expiresAt: string): Promise<boolean>;
  /** False when it was not there. */
  remove(id: string): Promise<boolean>;
}

/** AES-256-GCM ciphertext under the master key named by `keyId`; never plain text. */
export interface SecretRow {
  id: string;
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
  /** `function_not_found` when there is no such function. */
  put(row: TestEventRow): Promise<{ created: boolean }>;
  /** False when it was not there. */
  remove(functionId: string, name: string): Promise<boolean>;
}

export interface ComparisonPage {
  /** 1 to 500. */
  limit: number;
  cursor?: string;
}

/** A comparison and the server that ran it; null for one of a version that did not say. */
export interface StoredComparison {
  comparison: Comparison;
  serverId: string | null;
}

export interface ComparisonsTable {
  /** With it the oldest of the function go, beyond `keptMax`. `function_not_found` when there is no such function. */
  insert(comparison: Comparison, serverId: string, keptMax: number): Promise<void>;
  /** Writes state and results; a row that went with its function is left alone. */
  update(comparison: Comparison): Promise<void>;
  get(id: string): Promise<StoredComparison | null>;
  /** Newest first. `invalid_request` for a cursor that is not of this list. */
  list(functionId: string, page: ComparisonPage): Promise<{ items: StoredComparison[]; nextCursor: string | null }>;
}

/** One life of one server. */
export interface ServerIdentity {
  id: string;
  /** What a machine owns on disk: folders, cgroups, containers. It outlives the server. */
  instance: string;
  /** Rises with every life of the instance, also when the clock was set back. */
  epoch: number;
}

export interface ServersTable {
  /**
   * Begins a life: its epoch is the instance's last plus one, or `nowMs` when that is more. Earlier lives of the same
   * instance are dead from then on, because one machine runs one server of an instance at a time; others are left alone.
   */
  register(server: { id: string; instance: string }, nowMs: number): Promise<ServerIdentity>;
  /** Ends a life in order. Safe to repeat. */
  end(id: string): Promise<void>;
}

/** Small facts that all servers share. */
export interface SettingsTable {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
  /** Harmless when there is none. */
  remove(key: string): Promise<void>;
}
