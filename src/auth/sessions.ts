import { hash } from 'node:crypto';
import { secretToken } from '../ids/random-id.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { Change } from '../store/contract/changes.ts';
import type { ControlStore, SessionRow } from '../store/contract/control-store.ts';
import type { Follower } from '../store/feed/change-follower.ts';
import type { Keys } from './keys.ts';
import type { Principal } from './principal.ts';
import { SessionShelf } from './session-shelf.ts';

const HOUR_MS = 60 * 60 * 1000;
const IDLE_MAX_MS = 12 * HOUR_MS;
const AGE_MAX_MS = 7 * 24 * HOUR_MS;
/** Sliding writes to the store. So it is done when an hour of the twelve is used up, not at each request. */
const SLIDE_AFTER_MS = HOUR_MS;
const TOKEN_MAX_CHARS = 128;
/** Removals that are committed together. */
const CLOSED_AT_ONCE = 100;

/** Ended sessions whose reason is remembered. For older ones the browser is told only that it is not signed in. */
const ENDS_MAX = 1_000;

/** Why a token opens nothing. `unknown`: it was never valid here, or it ended longer ago than is remembered. */
export type SessionEnd = 'expired' | 'closed' | 'key_gone' | 'unknown';

export interface SessionsOptions {
  store: Pick<ControlStore, 'in' | 'across'>;
  /** A session lives no longer than the key that opened it. */
  keys: Pick<Keys, 'referenceOf' | 'keyIdOf'>;
  /** Told at once whenever a session has gone, whoever closed it; not when one expires. */
  onEnded(): void;
  now?: () => number;
}

/**
 * Signed-in browsers. A session ends 12 hours after its last use and 7 days after sign-in at the latest, and at
 * once with the key it was opened with. The token is in the
 * browser's cookie alone; its hash is stored, so sessions live through a restart and the database opens none. All live
 * sessions are in memory, so that a cookie nobody knows costs no query; other servers' come in by the change feed.
 */
export class Sessions implements Follower {
  readonly #store: SessionsOptions['store'];
  readonly #keys: SessionsOptions['keys'];
  readonly #onEnded: () => void;
  readonly #now: () => number;
  readonly #shelf = new SessionShelf();
  readonly #ends = new Map<string, SessionEnd>();
  /** Sessions that ended while a request may have been reading them. */
  #removals = 0;

  constructor({ store, keys, onEnded, now = Date.now }: SessionsOptions) {
    this.#store = store;
    this.#keys = keys;
    this.#onEnded = onEnded;
    this.#now = now;
  }

  /** Fills the memory; before the first verification. What is beyond the bounds, from before there were any, is closed. */
  async load(): Promise<void> {
    await this.reload();
    await this.#closeSurplus();
  }

  /**
   * `expiresAt` is the latest end, for the cookie; an unused session ends sooner. Beyond a hundred of one key, or 5,000 in all,
   * the oldest are closed.
   */
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
    this.#shelf.put(row);
    await this.#closeSurplus();
    return { token, expiresAt: new Date(nowMs + AGE_MAX_MS).toISOString() };
  }

  /** From memory. Null when unknown, closed or expired, or when its key is. Using a session makes it last longer. */
  async verify(token: string): Promise<Principal | null> {
    if (token.length > TOKEN_MAX_CHARS) return null;
    const row = this.#shelf.byDigest(hash('sha256', token, 'hex'));
    if (row === undefined) return null;
    const nowMs = this.#now();
    const end = this.#endOf(row, nowMs);
    if (end !== null) {
      this.#forget(row, end);
      return null;
    }
    const principal = {
      workspaceId: row.workspaceId,
      scopes: row.scopes,
      keyId: row.keyReference === null ? null : this.#keys.keyIdOf(row.keyReference),
      sessionId: row.id,
    };
    await this.#slide(row, nowMs);
    return principal;
  }

  /** Whether the session still opens what it opened. Asking does not make it last longer. */
  isLive(id: string): boolean {
    const row = this.#shelf.byId(id);
    return row !== undefined && this.#endOf(row, this.#now()) === null;
  }

  /** Why a token opens nothing, when `verify` refused it. */
  whyEnded(token: string): SessionEnd {
    if (token.length > TOKEN_MAX_CHARS) return 'unknown';
    return this.#ends.get(hash('sha256', token, 'hex')) ?? 'unknown';
  }

  /** Does nothing when there is none. */
  async close(token: string): Promise<void> {
    const row = this.#shelf.byDigest(hash('sha256', token, 'hex'));
    if (row !== undefined) await this.#close(row);
  }

  /** One that another server opened or used becomes known, one that it closed ends. */
  async apply({ workspaceId, id }: Change): Promise<void> {
    let removals: number;
    let row: SessionRow | null;
    do {
      removals = this.#removals;
      row = await this.#store.in(workspaceId).sessions.get(id);
      // Read before a removal here, it would bring the session back.
    } while (removals !== this.#removals);
    if (row !== null) this.#learn(row);
    else {
      const known = this.#shelf.byId(id);
      if (known !== undefined) this.#forget(known, 'closed');
    }
  }

  async reload(): Promise<void> {
    let removals: number;
    let rows: SessionRow[];
    do {
      removals = this.#removals;
      rows = await this.#store.across.sessions();
    } while (removals !== this.#removals);
    const stored = new Set(rows.map(({ id }) => id));
    for (const known of this.#shelf.all()) if (!stored.has(known.id)) this.#forget(known, 'closed');
    for (const row of rows) this.#learn(row);
  }

  /** Removes expired rows; returns how many. Call it now and then. */
  async prune(): Promise<number> {
    const nowMs = this.#now();
    for (const row of this.#shelf.all()) {
      const end = this.#endOf(row, nowMs);
      if (end !== null) this.#forget(row, end);
    }
    return await this.#store.across.pruneSessions(new Date(nowMs).toISOString());
  }

  #endOf(row: SessionRow, nowMs: number): 'expired' | 'key_gone' | null {
    if (row.keyReference !== null && this.#keys.keyIdOf(row.keyReference) === null) return 'key_gone';
    return nowMs >= Date.parse(row.expiresAt) ? 'expired' : null;
  }

  /** The row object of a known session stays, since `#slide` may be about to change it. */
  #learn(stored: SessionRow): void {
    const known = this.#shelf.byId(stored.id);
    if (known === undefined) this.#shelf.put(stored);
    else if (known.expiresAt < stored.expiresAt) known.expiresAt = stored.expiresAt;
  }

  #forget(row: SessionRow, end: SessionEnd): void {
    this.#removals++;
    this.#shelf.remove(row);
    this.#noteEnd(row.tokenSha256, end);
    this.#onEnded();
  }

  async #close(row: SessionRow): Promise<void> {
    this.#forget(row, 'closed');
    try {
      await this.#store.in(row.workspaceId).sessions.remove(row.id);
    } catch (error) {
      // Still stored, so it would be back after a restart: it must not seem gone.
      this.#ends.delete(row.tokenSha256);
      this.#shelf.put(row);
      throw error;
    } finally {
      // A turn of the feed may have read the row just before it went.
      this.#removals++;
    }
  }

  async #closeSurplus(): Promise<void> {
    for (;;) {
      const closing: Promise<void>[] = [];
      while (closing.length < CLOSED_AT_ONCE) {
        const row = this.#shelf.surplus();
        if (row === null) break;
        closing.push(this.#close(row));
      }
      if (closing.length === 0) return;
      await Promise.all(closing);
    }
  }

  async #slide(row: SessionRow, nowMs: number): Promise<void> {
    const latestMs = Date.parse(row.createdAt) + AGE_MAX_MS;
    const slidMs = Math.min(nowMs + IDLE_MAX_MS, latestMs);
    if (slidMs - Date.parse(row.expiresAt) < SLIDE_AFTER_MS) return;
    // It is set before the write, so that requests at the same time slide it once.
    row.expiresAt = new Date(slidMs).toISOString();
    const isThere = await this.#store.in(row.workspaceId).sessions.extend(row.id, row.expiresAt);
    if (!isThere) this.#forget(row, 'closed');
  }

  #noteEnd(tokenSha256: string, end: SessionEnd): void {
    if (this.#ends.has(tokenSha256)) return;
    if (this.#ends.size >= ENDS_MAX) this.#ends.delete(this.#ends.keys().next().value!);
    this.#ends.set(tokenSha256, end);
  }
}
