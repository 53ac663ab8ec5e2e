import { hash } from 'node:crypto';
import { secretToken } from '../ids/random-id.ts';

const LIFE_MS = 10 * 60 * 1000;
/** Largest number of unused links. The oldest goes first, since only a person at a terminal asks for links. */
const LINKS_MAX = 32;
const TOKEN_MAX_CHARS = 128;

/** Sign-in links: 256 bits, good once and for 10 minutes, hashed and in memory only, so a restart ends them all. */
export class LinkTokens {
  readonly #now: () => number;
  readonly #links = new Map<string, { expiresAtMs: number; keyReference: string | null }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * `keyReference` is the key with which the link was asked for (`Keys.referenceOf`). Null for the link printed at
   * start.
   */
  mint(keyReference: string | null = null): string {
    const token = secretToken('cfl_');
    const [oldest] = this.#links.keys();
    if (this.#links.size >= LINKS_MAX && oldest !== undefined) this.#links.delete(oldest);
    this.#links.set(hash('sha256', token, 'hex'), { expiresAtMs: this.#now() + LIFE_MS, keyReference });
    return token;
  }

  /** The reference it was made with, once per token. Null when it is unknown, used or too old. */
  redeem(token: string): { keyReference: string | null } | null {
    if (token.length > TOKEN_MAX_CHARS) return null;
    const digest = hash('sha256', token, 'hex');
    const link = this.#links.get(digest);
    this.#links.delete(digest);
    return link !== undefined && this.#now() < link.expiresAtMs ? { keyReference: link.keyReference } : null;
  }
}
