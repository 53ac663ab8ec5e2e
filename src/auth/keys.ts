import { hash } from 'node:crypto';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import { NAME_PATTERN } from '../domain/limits.ts';
import { SCOPES, type Scope } from '../domain/names.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { secretToken } from '../ids/random-id.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { Change } from '../store/contract/changes.ts';
import type { ControlStore, KeyRow } from '../store/contract/control-store.ts';
import type { Follower } from '../store/feed/change-follower.ts';
import type { Principal } from './principal.ts';
import { expandScopes } from './scopes.ts';

/** The bound exists because all keys are held in memory and each touch is one row. */
const KEYS_MAX = 1_000;
const SECRET_MAX_CHARS = 512;
const TOUCH_EVERY_MS = 60_000;
const ADMIN_KEY_ID = 'admin';
const NAME = new RegExp(NAME_PATTERN);

export interface KeyView {
  id: string;
  name: string;
  scopes: Scope[];
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

export interface KeysOptions {
  store: Pick<ControlStore, 'in' | 'across'>;
  /** The installation's own key, in clear; only its hash is kept. */
  adminKey: string;
  /** Told at once whenever a key has gone, whoever deleted it; not when one expires. */
  onEnded(): void;
  now?: () => number;
}

/**
 * The hash of one secret, kept by a caller that shows the same secret again. The lookup of the key is made each time.
 */
export interface KeyMemo {
  digest: string | null;
}

interface KnownKey {
  row: KeyRow | null;
  principal: Principal;
  expiresAtMs: number;
}

/**
 * The keys of this server. Verification is synchronous and from memory: one hash and one map lookup by the hash, so the time
 * it takes tells nothing about how near a wrong secret is. Secrets are shown once, at creation, and stored hashed. Uses are
 * gathered and written at most once a minute. What other servers make or remove comes in by the change feed.
 */
export class Keys implements Follower {
  readonly #store: KeysOptions['store'];
  readonly #onEnded: () => void;
  readonly #now: () => number;
  readonly #adminReference: string;
  readonly #byDigest = new Map<string, KnownKey>();
  readonly #expiresAtMs = new Map<string, number>();
  readonly #used = new Map<string, number>();
  readonly #removing = new Set<string>();
  #removals = 0;
  #creating = 0;
  #touchedAtMs = 0;

  constructor({ store, adminKey, onEnded, now = Date.now }: KeysOptions) {
    this.#store = store;
    this.#onEnded = onEnded;
    this.#now = now;
    const principal = {
      workspaceId: DEFAULT_WORKSPACE,
      scopes: expandScopes(['admin']),
      keyId: ADMIN_KEY_ID,
      sessionId: null,
    };
    // Another admin key after a restart must end the sessions of the old one.
    this.#adminReference = `admin.${digestOf(digestOf(adminKey)).slice(0, 32)}`;
    this.#byDigest.set(digestOf(adminKey), { row: null, principal, expiresAtMs: Number.POSITIVE_INFINITY });
  }

  /** Fills the memory. Called before the first verification. */
  async load(): Promise<void> {
    for (const row of await this.#store.across.keys()) this.#remember(row);
  }

  /** A stored key works from now on, and a removed one no longer works. Keys never change. */
  async apply({ workspaceId, id }: Change): Promise<void> {
    // The removal that is under way ends it here, and tells the feed once more.
    if (this.#removing.has(id)) return;
    let removals: number;
    let row: KeyRow | null;
    do {
      removals = this.#removals;
      row = await this.#store.in(workspaceId).keys.get(id);
      // It was read before a removal here, and would bring the key back.
    } while (removals !== this.#removals);
    if (row === null) this.#forget(id);
    else if (!this.#expiresAtMs.has(id)) this.#remember(row);
  }

  async reload(): Promise<void> {
    let removals: number;
    let rows: KeyRow[];
    do {
      removals = this.#removals;
      rows = await this.#store.across.keys();
    } while (removals !== this.#removals);
    const stored = new Set(rows.map(({ id }) => id));
    for (const id of [...this.#expiresAtMs.keys()]) if (!stored.has(id)) this.#forget(id);
    for (const row of rows) if (!this.#expiresAtMs.has(row.id) && !this.#removing.has(row.id)) this.#remember(row);
  }

  /** Null for a wrong, expired or deleted key. With a memo the hash is made once for all calls that share the memo. */
  verify(secret: string, memo?: KeyMemo): Principal | null {
    if (secret.length > SECRET_MAX_CHARS) return null;
    const digest = memo?.digest ?? digestOf(secret);
    if (memo) memo.digest = digest;
    const known = this.#byDigest.get(digest);
    if (known === undefined) return null;
    const nowMs = this.#now();
    if (nowMs >= known.expiresAtMs) return null;
    if (known.row) this.#used.set(known.row.id, nowMs);
    return known.principal;
  }

  /** What a session remembers of the key that opened it. */
  referenceOf(keyId: string): string {
    return keyId === ADMIN_KEY_ID ? this.#adminReference : keyId;
  }

  /** The key of a reference while it is good. Null once it is deleted, expired or replaced. */
  keyIdOf(reference: string): string | null {
    if (reference === this.#adminReference) return ADMIN_KEY_ID;
    const expiresAtMs = this.#expiresAtMs.get(reference);
    return expiresAtMs !== undefined && this.#now() < expiresAtMs ? reference : null;
  }

  list(workspaceId: WorkspaceId): KeyView[] {
    const rows = [...this.#byDigest.values()].flatMap(({ row }) => (row?.workspaceId === workspaceId ? [row] : []));
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1)).map((row) => this.#view(row));
  }

  /** The only time the secret is shown. Throws `invalid_request`, `quota_exceeded`. */
  async create(
    workspaceId: WorkspaceId,
    input: { name: string; scopes: Scope[]; expiresAt: string | null },
  ): Promise<KeyView & { secret: string }> {
    this.#check(input);
    if (this.#byDigest.size + this.#creating > KEYS_MAX) throw new ColdframeError('quota_exceeded');
    const secret = secretToken('cf_');
    const row: KeyRow = {
      id: uuid7(),
      workspaceId,
      name: input.name,
      scopes: [...new Set(input.scopes)],
      secretSha256: digestOf(secret),
      createdAt: new Date(this.#now()).toISOString(),
      lastUsedAt: null,
      expiresAt: input.expiresAt === null ? null : new Date(input.expiresAt).toISOString(),
    };
    this.#creating++;
    try {
      await this.#store.in(workspaceId).keys.insert(row);
    } finally {
      this.#creating--;
    }
    this.#remember(row);
    return { ...this.#view(row), secret };
  }

  /** The key stops working when this is called, and so do the sessions opened with it. Throws `key_not_found`. */
  async remove(workspaceId: WorkspaceId, id: string): Promise<void> {
    const found = [...this.#byDigest].find(([, { row }]) => row?.id === id && row.workspaceId === workspaceId);
    if (!found) throw new ColdframeError('key_not_found');
    const expiresAtMs = this.#expiresAtMs.get(id) ?? 0;
    this.#removing.add(id);
    this.#removals++;
    this.#forget(id);
    try {
      await this.#store.in(workspaceId).keys.remove(id);
    } catch (error) {
      // The key is still stored and would be back after a restart, so it must not seem gone.
      this.#byDigest.set(...found);
      this.#expiresAtMs.set(id, expiresAtMs);
      throw error;
    } finally {
      this.#removing.delete(id);
      this.#removals++;
    }
  }

  /** Writes when keys were last used, if the last write is a minute old (or `force`, at stop). Call it now and then. */
  async flushUses(force = false): Promise<void> {
    if (this.#used.size === 0 || (!force && this.#now() - this.#touchedAtMs < TOUCH_EVERY_MS)) return;
    this.#touchedAtMs = this.#now();
    const uses = new Map<WorkspaceId, { id: string; at: string }[]>();
    for (const { row } of this.#byDigest.values()) {
      const usedAtMs = row && this.#used.get(row.id);
      if (!row || usedAtMs === null || usedAtMs === undefined) continue;
      row.lastUsedAt = new Date(usedAtMs).toISOString();
      const ofWorkspace = uses.get(row.workspaceId) ?? [];
      ofWorkspace.push({ id: row.id, at: row.lastUsedAt });
      uses.set(row.workspaceId, ofWorkspace);
    }
    this.#used.clear();
    for (const [workspaceId, used] of uses) await this.#store.in(workspaceId).keys.touch(used);
  }

  #check({ name, scopes, expiresAt }: { name: string; scopes: Scope[]; expiresAt: string | null }): void {
    const errors = [];
    if (!NAME.test(name)) errors.push({ path: '/name', message: `must match ${NAME_PATTERN}` });
    if (scopes.length === 0 || !scopes.every((scope) => SCOPES.includes(scope))) {
      errors.push({ path: '/scopes', message: `takes one or more of ${SCOPES.join(', ')}` });
    }
    if (expiresAt !== null && !(Date.parse(expiresAt) > this.#now())) {
      errors.push({ path: '/expiresAt', message: 'takes a time in the future' });
    }
    if (errors.length > 0) throw new ColdframeError('invalid_request', { errors });
  }

  #remember(row: KeyRow): void {
    const principal = {
      workspaceId: row.workspaceId,
      scopes: expandScopes(row.scopes),
      keyId: row.id,
      sessionId: null,
    };
    const expiresAtMs = row.expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(row.expiresAt);
    this.#byDigest.set(row.secretSha256, { row, principal, expiresAtMs });
    this.#expiresAtMs.set(row.id, expiresAtMs);
  }

  #forget(id: string): void {
    for (const [digest, { row }] of this.#byDigest) if (row?.id === id) this.#byDigest.delete(digest);
    this.#expiresAtMs.delete(id);
    this.#used.delete(id);
    this.#onEnded();
  }

  #view(row: KeyRow): KeyView {
    const { id, name, scopes, createdAt, expiresAt } = row;
    const usedAtMs = this.#used.get(id);
    const lastUsedAt = usedAtMs === undefined ? row.lastUsedAt : new Date(usedAtMs).toISOString();
    return { id, name, scopes, createdAt, lastUsedAt, expiresAt };
  }
}

function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}
