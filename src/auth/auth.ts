import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import type { ControlStore } from '../store/contract/control-store.ts';
import type { Follower } from '../store/feed/change-follower.ts';
import { KeyForm } from './key-form.ts';
import { type KeyMemo, Keys } from './keys.ts';
import { LinkTokens } from './link-tokens.ts';
import type { Principal } from './principal.ts';
import { expandScopes } from './scopes.ts';
import { type SessionEnd, Sessions } from './sessions.ts';

/** Well below the minute in which uses of keys are written, and far below the hours of a session. */
const UPKEEP_EVERY_MS = 30_000;

export interface AuthOptions {
  store: Pick<ControlStore, 'in' | 'across'>;
  /** The key from `openAdminKey`. */
  adminKey: string;
  /** Is told of a failed upkeep. The next one tries again. */
  onUpkeepFailure(error: unknown): void;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** Who may do what: keys for programs, sessions for browsers, links that open a session. */
export class Auth {
  readonly keys: Keys;
  readonly #sessions: Sessions;
  readonly #links: LinkTokens;
  readonly #form: KeyForm;
  readonly #onUpkeepFailure: (error: unknown) => void;
  readonly #endListeners = new Set<() => void>();
  #upkeep: NodeJS.Timeout | null = null;

  constructor({ store, adminKey, onUpkeepFailure, now = Date.now }: AuthOptions) {
    const onEnded = (): void => {
      for (const listener of this.#endListeners) listener();
    };
    this.keys = new Keys({ store, adminKey, onEnded, now });
    this.#sessions = new Sessions({ store, keys: this.keys, onEnded, now });
    this.#links = new LinkTokens(now);
    this.#form = new KeyForm(adminKey);
    this.#onUpkeepFailure = onUpkeepFailure;
  }

  /** Keeps the remembered sessions in step with the store; `keys` does so for itself. */
  get sessions(): Follower {
    return this.#sessions;
  }

  /** Loads keys and sessions and begins the upkeep; before the first request. */
  async start(): Promise<void> {
    await this.keys.load();
    await this.#sessions.load();
    this.#upkeep = setInterval(() => {
      Promise.all([this.keys.flushUses(), this.#sessions.prune()]).catch(this.#onUpkeepFailure);
    }, UPKEEP_EVERY_MS).unref();
  }

  /** Writes the last uses of keys. Safe to repeat. */
  async stop(): Promise<void> {
    if (this.#upkeep) clearInterval(this.#upkeep);
    this.#upkeep = null;
    await this.keys.flushUses(true);
  }

  /** From memory, synchronous. Null for a wrong, expired or deleted key. */
  verifyKey(secret: string, memo?: KeyMemo): Principal | null {
    return this.keys.verify(secret, memo);
  }

  /** Whether a text holds what looks like a key, a session or a link of this server; whether it is a good one is not asked. */
  resemblesSecret(text: string): boolean {
    return this.#form.isIn(text);
  }

  /** From memory; it makes the session last longer, which writes the store at most once an hour. */
  async verifySession(token: string): Promise<Principal | null> {
    return await this.#sessions.verify(token);
  }

  /**
   * Whether what let a request in still would: for streams, which outlive their request. Asking makes no session last longer.
   */
  isGood({ keyId, sessionId }: Principal): boolean {
    if (sessionId !== null) return this.#sessions.isLive(sessionId);
    return keyId !== null && this.keys.keyIdOf(this.keys.referenceOf(keyId)) !== null;
  }

  /** Calls back at once when a key or session has gone, here or on another server; expiry is not told. Returns the way out. */
  onEnded(listener: () => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Why a token opens nothing, when `verifySession` refused it. */
  whySessionEnded(token: string): SessionEnd {
    return this.#sessions.whyEnded(token);
  }

  /**
   * The token goes into the cookie and is kept nowhere here. `expiresAt` is the latest time at which it can be used.
   */
  async openSession(principal: Principal): Promise<{ token: string; expiresAt: string }> {
    return await this.#sessions.open(principal);
  }

  async closeSession(token: string): Promise<void> {
    await this.#sessions.close(token);
  }

  /** For the console link printed at start (no key) and by `coldframe open`: what it opens ends with the key that asked. */
  mintLinkToken(keyId: string | null = null): string {
    return this.#links.mint(keyId === null ? null : this.keys.referenceOf(keyId));
  }

  /**
   * Whoever holds a link may do everything. Null when it is unknown, used or older than 10 minutes, or when its key is
   * gone.
   */
  redeemLinkToken(token: string): Principal | null {
    const link = this.#links.redeem(token);
    if (link === null) return null;
    const keyId = link.keyReference === null ? null : this.keys.keyIdOf(link.keyReference);
    if (link.keyReference !== null && keyId === null) return null;
    return { workspaceId: DEFAULT_WORKSPACE, scopes: expandScopes(['admin']), keyId, sessionId: null };
  }
}
