import type { Comparison } from '../../domain/comparison.ts';
import type { FunctionRecord, Revision } from '../../domain/function.ts';
import type { FunctionState, Scope } from '../../domain/names.ts';
import type { Schedule } from '../../domain/schedule.ts';
import type { FunctionSettings } from '../../domain/settings.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { ChangesTable } from './changes.ts';
import type { PausedQueue, QueuedTable, QueueTable, ServerLife } from './queue-table.ts';
import type { SchedulesTable } from './schedules-table.ts';

/**
 * What the rest of the server asks of the control database, in domain words. SQL lies behind it, off the serving
 * thread. Every method rejects with ColdframeError `storage_full`, `storage_read_only` or `storage_unavailable` when
 * the database cannot serve, and otherwise with the code named beside the method. Each write is one transaction, and it
 * is durable once it resolves. Several servers may have the same database open.
 */
export interface ControlStore {
  /** The rows of one workspace. No row of another workspace can be reached through it, whatever ids it is asked for. */
  in(workspaceId: WorkspaceId): WorkspaceStore;
  /** Questions about all workspaces at once. Each has its reason in control/scope-exceptions.ts. */
  across: AcrossWorkspaces;
  changes: ChangesTable;
  servers: ServersTable;
  queue: QueueTable;
  settings: SettingsTable;
}

export interface WorkspaceStore {
  functions: FunctionsTable;
  keys: KeysTable;
  sessions: SessionsTable;
  secrets: SecretsTable;
  testEvents: TestEventsTable;
  comparisons: ComparisonsTable;
  queued: QueuedTable;
  schedules: SchedulesTable;
}

export interface AcrossWorkspaces {
  /** Every function with its newest revision. The memory view loads them at start. */
  functions(): Promise<FunctionRecord[]>;
  keys(): Promise<KeyRow[]>;
  /** The oldest first. */
  sessions(): Promise<SessionRow[]>;
  /** Removes the sessions that have expired by `now`; says how many. */
  pruneSessions(now: string): Promise<number>;
  /**
   * Marks as `interrupted` the comparisons that an earlier life of this instance left `running`; returns how many.
   * Those of other instances belong to other machines and may still run.
   */
  interruptComparisons(server: ServerIdentity, at: string): Promise<number>;
  pausedQueues(): Promise<PausedQueue[]>;
  /** Every schedule. The memory of the clock's loop is filled with them at start. */
  schedules(): Promise<Schedule[]>;
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
  /** Routes, which no other function of this server may answer, in the order of the settings. */
  routeKeys: string[];
}

/** The function's own settings, which change without another revision. */
export interface ChangedSettings {
  settings: FunctionSettings;
  routeKeys: string[];
  /** The number of this change: one more than that of the function from which it was made. */
  change: number;
  at: string;
}

export interface AddedRevision extends ChangedSettings {
  revision: Revision;
  state: FunctionState;
  secrets: SecretRow[];
}

/** Every write here tells the change feed, topic `function`. */
export interface FunctionsTable {
  get(functionId: string): Promise<FunctionRecord | null>;
  /**
   * Stores function, first revision, secrets and routes at once. `function_exists` when the name is taken;
   * `invalid_settings` when a route is taken.
   */
  insert(fn: NewFunction): Promise<void>;
  /**
   * Adds a revision with its new secrets, makes it the newest, and sets settings, state and routes. `function_changed`
   * when another change came in between; `function_not_found`; `invalid_settings` when a route is taken.
   */
  addRevision(functionId: string, added: AddedRevision): Promise<void>;
  /** Refuses as `addRevision` does. */
  setSettings(functionId: string, changed: ChangedSettings): Promise<void>;
  /** `function_not_found` when it is gone. */
  setState(functionId: string, state: FunctionState, at: string): Promise<void>;
  revision(revisionId: string): Promise<Revision | null>;
  /**
   * Removes function, revisions, secrets, routes, test events and comparisons. `function_not_found` when it is gone.
   */
  remove(functionId: string): Promise<void>;
  /** Hashes of every package that some revision still names. For the collector. */
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

/** All but `get` tell the change feed, topic `session`: every server holds the live ones in memory. */
export interface SessionsTable {
  get(id: string): Promise<SessionRow | null>;
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

/** A comparison and the server that ran it. The server is null when the row comes from a version that did not say. */
export interface StoredComparison {
  comparison: Comparison;
  serverId: string | null;
}

export interface ComparisonsTable {
  /**
   * Also removes the oldest comparisons of the function beyond `keptMax`. `function_not_found` when there is no such
   * function.
   */
  insert(comparison: Comparison, serverId: string, keptMax: number): Promise<void>;
  /** Writes state and results. A row that went with its function is left alone. */
  update(comparison: Comparison): Promise<void>;
  get(id: string): Promise<StoredComparison | null>;
  /** Newest first. `invalid_request` for a cursor that does not belong to this list. */
  list(functionId: string, page: ComparisonPage): Promise<{ items: StoredComparison[]; nextCursor: string | null }>;
}

/** One life of one server. */
export interface ServerIdentity {
  id: string;
  /** What a machine owns on disk: folders, cgroups, containers. It outlives the server. */
  instance: string;
  /** Rises with every life of the instance, even when the clock was set back. */
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
  /** Keeps a life alive for LEASE_MS from `nowMs`. False when others took it for dead: it owns nothing any more. */
  renew(id: string, nowMs: number): Promise<boolean>;
  /** Declares dead a life whose lease is over. False when it is not, or it was dead already. */
  bury(id: string, nowMs: number): Promise<boolean>;
  lives(ids: string[]): Promise<ServerLife[]>;
  /** The latest time that any server has stored, so that the queue's clock never goes back. */
  clockMs(): Promise<number>;
}

/** Small facts that all servers share. */
export interface SettingsTable {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
  /** Does nothing when there is none. */
  remove(key: string): Promise<void>;
}
