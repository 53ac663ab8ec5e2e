import { hash } from 'node:crypto';
import { secretToken } from '../ids/random-id.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { SessionRow, SessionsTable } from '../store/control-store.ts';
import type { Keys } from './keys.ts';
import type { Principal } from './principal.ts';

const HOUR_MS = 60 * 60 * 1000;
const IDLE_MAX_MS = 12 * HOUR_MS;
const AGE_MAX_MS = 7 * 24 * HOUR_MS;
/** Sliding writes the store, so it is done when an hour of the twelve is used up, not at each request. */
const SLIDE_AFTER_MS = HOUR_MS;
/** Rows of browsers in use; others are read again from the store. */
const CACHED_MAX = 1_000;
const TOKEN_MAX_CHARS = 128;

/** Ended sessions whose reason is remembered; of older ones the browser is told only that it is not signed in. */
const ENDS_MAX = 1_000;

/** Why a token opens nothing: `unknown` was never valid here, or it ended longer ago than is remembered. */
export type SessionEnd = 'expired' | 'closed' | 'key_gone' | 'unknown';

export interface SessionsOptions {
  table: SessionsTable;
  /** A session lives no longer than the key that opened it. */
  keys: Pick<Keys, 'referenceOf' | 'keyIdOf'>;
  now?: () => number;
}

/**
 * Signed-in browsers. A session ends 12 hours after its last use and 7 days after sign-in at the latest, and at
 * once with the key it was opened with. The token is in the
 * browser's cookie alone; its hash is stored, so sessions live through a restart and the database opens none.
 */
export class Sessions {
  readonly #table: SessionsTable;
  readonly #keys: SessionsOptions['keys'];
  readonly #now: () => number;
  readonly #cached = new Map<string, SessionRow>();
  readonly #ends = new Map<string, SessionEnd>();

  constructor({ table, keys, now = Date.now }: SessionsOptions) {
    this.#table = table;
    this.#keys = keys;
    this.#now = now;
  }

  /** `expiresAt` is the latest end, for the cookie; an unused session ends sooner. */
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
    await this.#table.insert(row);
    this.#remember(row);
    return { token, expiresAt: new Date(nowMs + AGE_MAX_MS).toISOString() };
  }

  /** Null when unknown, closed or expired, or when its key is. Using a session makes it last longer. */
  async verify(token: string): Promise<Principal | null> {
    if (token.length > TOKEN_MAX_CHARS) return null;
    const tokenSha256 = hash('sha256', token, 'hex');
    const row = this.#cached.get(tokenSha256) ?? (await this.#read(tokenSha256));
    if (!row) return null;
    const nowMs = this.#now();
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

  /** For a token that `verify` refused. */
  whyEnded(token: string): SessionEnd {
    if (token.length > TOKEN_MAX_CHARS) return 'unknown';
    return this.#ends.get(hash('sha256', token, 'hex')) ?? 'unknown';
  }

  /** Harmless when there is none. */
  async close(token: string): Promise<void> {
    const tokenSha256 = hash('sha256', token, 'hex');
    const row = this.#cached.get(tokenSha256) ?? (await this.#table.byToken(tokenSha256));
    this.#cached.delete(tokenSha256);
    if (!row) return;
    this.#noteEnd(tokenSha256, 'closed');
    await this.#table.remove(row.id);
    // A request may have read the row just before it went.
    this.#cached.delete(tokenSha256);
  }

  /** Removes expired rows; returns how many. Call it now and then. */
  async prune(): Promise<number> {
    const nowMs = this.#now();
    for (const [digest, row] of this.#cached) {
      if (nowMs < Date.parse(row.expiresAt)) continue;
      this.#cached.delete(digest);
      this.#noteEnd(digest, 'expired');
    }
    return await this.#table.prune(new Date(nowMs).toISOString());
  }

  /** One row object per session, whoever reads it first, since sliding tells from it whether it was closed meanwhile. */
  async #read(tokenSha256: string): Promise<SessionRow | null> {
    const stored = await this.#table.byToken(tokenSha256);
    return this.#cached.get(tokenSha256) ?? stored;
  }

  async #slide(row: SessionRow, nowMs: number): Promise<void> {
    const latestMs = Date.parse(row.createdAt) + AGE_MAX_MS;
    const slidMs = Math.min(nowMs + IDLE_MAX_MS, latestMs);
    if (slidMs - Date.parse(row.expiresAt) < SLIDE_AFTER_MS) return;
    // Set before the write, so that requests at once slide it once; a crash between the two writes only signs out.
    row.expiresAt = new Date(slidMs).toISOString();
    const wasThere = await this.#table.remove(row.id);
    if (wasThere && this.#cached.get(row.tokenSha256) === row) await this.#table.insert(row);
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
