import { hash } from 'node:crypto';
import { secretToken } from '../ids/random-id.ts';

const LIFE_MS = 10 * 60 * 1000;
/** Unused links at once; the oldest goes first, since only a person at a terminal asks for them. */
const LINKS_MAX = 32;
const TOKEN_MAX_CHARS = 128;

/** Sign-in links: 256 bits, good once and for 10 minutes, hashed and in memory only, so a restart ends them all. */
export class LinkTokens {
  readonly #now: () => number;
  readonly #expiresAtMs = new Map<string, number>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  mint(): string {
    const token = secretToken('cfl_');
    const [oldest] = this.#expiresAtMs.keys();
    if (this.#expiresAtMs.size >= LINKS_MAX && oldest !== undefined) this.#expiresAtMs.delete(oldest);
    this.#expiresAtMs.set(hash('sha256', token, 'hex'), this.#now() + LIFE_MS);
    return token;
  }

  /** True once per minted token. */
  redeem(token: string): boolean {
    if (token.length > TOKEN_MAX_CHARS) return false;
    const digest = hash('sha256', token, 'hex');
    const expiresAtMs = this.#expiresAtMs.get(digest);
    this.#expiresAtMs.delete(digest);
    return expiresAtMs !== undefined && this.#now() < expiresAtMs;
  }
}
