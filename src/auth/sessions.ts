import { hash } from 'node:crypto';
import { secretToken } from '../ids/random-id.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { Change } from '../store/contract/changes.ts';
import type { ControlStore, SessionRow } from '../store/contract/control-store.ts';
import type { Follower } from '../store/feed/change-follower.ts';
import type { Keys } from './keys.ts';
import type { Principal } from './principal.ts';

const HOUR_MS = 60 * 60 * 1000;
const IDLE_MAX_MS = 12 * HOUR_MS;
const AGE_MAX_MS = 7 * 24 * HOUR_MS;
/** Sliding writes to the store. So it is done when an hour of the twelve is used up, not at each request. */
const SLIDE_AFTER_MS = HOUR_MS;
/** Rows of browsers in use that are kept in memory. Others are read again from the store. */
const CACHED_MAX = 1_000;
const TOKEN_MAX_CHARS = 128;

/** Ended sessions whose reason is remembered. For older ones the browser is told only that it is not signed in. */
const ENDS_MAX = 1_000;

/** Why a token opens nothing. `unknown`: it was never valid here, or it ended longer ago than is remembered. */
export type SessionEnd = 'expired' | 'closed' | 'key_gone' | 'unknown';

export interface SessionsOptions {
  store: Pick<ControlStore, 'in' | 'across'>;
  /** A session lives no longer than the key that opened it. */
  keys: Pick<Keys, 'referenceOf' | 'keyIdOf'>;
  now?: () => number;
}

/**
 * Signed-in browsers. A session ends 12 hours after its last use and 7 days after sign-in at the latest, and at
 * once with the key it was opened with. The token is in the
 * browser's cookie alone; its hash is stored, so sessions live through a restart and the database opens none.
 */
export class Sessions implements Follower {
  readonly #store: SessionsOptions['store'];
  readonly #keys: SessionsOptions['keys'];
  readonly #now: () => number;
  readonly #cached = new Map<string, SessionRow>();
  readonly #ends = new Map<string, SessionEnd>();
  /** Sessions that ended while a request may have been reading them. */
  #removals = 0;

  constructor({ store, keys, now = Date.now }: SessionsOptions) {
    this.#store = store;
    this.#keys = keys;
    this.#now = now;
  }

  /** `expiresAt` is the latest end, for the cookie. An unused session ends sooner. */
  async open(principal: Principal): Promise<{ token: string; expiresAt: string }> {
    const token = secretToken('cfs_');
    const nowMs = this.#now();
    const row: SessionRow = {
      id: uuid7(),
      workspaceId: principal.workspaceId,
      tokenSha256: hash('sha256', token, 'hex'),
      scopes: [...principal.scopes],
      keyReference: principal.keyId === null ? null : this.#keys.referenceOf(principal.keyId),
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + IDLE_MAX_MS).toISOString(),
    };
    await this.#store.in(row.workspaceId).sessions.insert(row);
    this.#remember(row);
    return { token, expiresAt: new Date(nowMs + AGE_MAX_MS).toISOString() };
  }

  /** Null when it is unknown, closed or expired, or when its key is gone. Using a session makes it last longer. */
  async verify(token: string): Promise<Principal | null> {
    if (token.length > TOKEN_MAX_CHARS) return null;
    const tokenSha256 = hash('sha256', token, 'hex');
    const nowMs = this.#now();
    const cached = this.#cached.get(tokenSha256);
    // One that seems to have expired may have been used through another server meanwhile.
    const isGood = cached !== undefined && nowMs < Date.parse(cached.expiresAt);
    const row = isGood ? cached : await this.#read(tokenSha256);
    if (!row) {
      if (cached !== undefined) this.#noteEnd(tokenSha256, 'expired');
      return null;
    }
    const keyId = row.keyReference === null ? null : this.#keys.keyIdOf(row.keyReference);
    const isKeyGone = row.keyReference !== null && keyId === null;
    if (isKeyGone || nowMs >= Date.parse(row.expiresAt)) {
      this.#cached.delete(tokenSha256);
      this.#noteEnd(tokenSha256, isKeyGone ? 'key_gone' : 'expired');
      return null;
    }
    this.#remember(row);
    await this.#slide(row, nowMs);
    return { workspaceId: row.workspaceId, scopes: row.scopes, keyId };
  }

  /** Why a token opens nothing, when `verify` refused it. */
  whyEnded(token: string): SessionEnd {
    if (token.length > TOKEN_MAX_CHARS) return 'unknown';
    return this.#ends.get(hash('sha256', token, 'hex')) ?? 'unknown';
  }

  /** Does nothing when there is none. */
  async close(token: string): Promise<void> {
    const tokenSha256 = hash('sha256', token, 'hex');
    const row = this.#cached.get(tokenSha256) ?? (await this.#store.across.sessionByToken(tokenSha256));
    this.#cached.delete(tokenSha256);
    if (!row) return;
    this.#noteEnd(tokenSha256, 'closed');
    await this.#store.in(row.workspaceId).sessions.remove(row.id);
    // A request may have read the row just before it was removed.
    this.#removals++;
    this.#cached.delete(tokenSha256);
  }

  /** A session that another server closed is read again at its next use, and is then not found. */
  async apply({ id }: Change): Promise<void> {
    this.#removals++;
    for (const [digest, row] of this.#cached) {
      if (row.id !== id) continue;
      this.#cached.delete(digest);
      this.#noteEnd(digest, 'closed');
    }
  }

  async reload(): Promise<void> {
    this.#removals++;
    this.#cached.clear();
  }

  /** Removes expired rows; returns how many. Call it now and then. */
  async prune(): Promise<number> {
    const nowMs = this.#now();
    for (const [digest, row] of this.#cached) {
      if (nowMs < Date.parse(row.expiresAt)) continue;
      this.#cached.delete(digest);
      this.#noteEnd(digest, 'expired');
    }
    return await this.#store.across.pruneSessions(new Date(nowMs).toISOString());
  }

  /** One row object per session, whoever reads it first, since sliding tells from it whether it was closed meanwhile. */
  async #read(tokenSha256: string): Promise<SessionRow | null> {
    this.#cached.delete(tokenSha256);
    let removals: number;
    let stored: SessionRow | null;
    do {
      removals = this.#removals;
      stored = await this.#store.across.sessionByToken(tokenSha256);
    } while (removals !== this.#removals);
    return this.#cached.get(tokenSha256) ?? stored;
  }

  async #slide(row: SessionRow, nowMs: number): Promise<void> {
    const latestMs = Date.parse(row.createdAt) + AGE_MAX_MS;
    const slidMs = Math.min(nowMs + IDLE_MAX_MS, latestMs);
    if (slidMs - Date.parse(row.expiresAt) < SLIDE_AFTER_MS) return;
    // It is set before the write, so that requests at the same time slide it once.
    row.expiresAt = new Date(slidMs).toISOString();
    const isThere = await this.#store.in(row.workspaceId).sessions.extend(row.id, row.expiresAt);
    if (!isThere) this.#cached.delete(row.tokenSha256);
  }

  #noteEnd(tokenSha256: string, end: SessionEnd): void {
    if (this.#ends.has(tokenSha256)) return;
    if (this.#ends.size >= ENDS_MAX) this.#ends.delete(this.#ends.keys().next().value!);
    this.#ends.set(tokenSha256, end);
  }

  #remember(row: SessionRow): void {
    this.#cached.delete(row.tokenSha256);
    if (this.#cached.size >= CACHED_MAX) this.#cached.delete(this.#cached.keys().next().value!);
    this.#cached.set(row.tokenSha256, row);
  }
}
