import type { SessionRow } from '../store/contract/control-store.ts';

/** Browsers of one person, with room for many devices and forgotten tabs. */
export const SESSIONS_PER_KEY_MAX = 100;
/** All sessions are held in memory: at about 1 KiB each, a few MiB. */
export const SESSIONS_MAX = 5_000;

/**
 * The live sessions, in memory, found by the hash of their token or by id. Bounded for each key (sign-in links count as one)
 * and in all: what goes is the oldest of its key, or of whoever has most. Pure bookkeeping: it tells what is too much, and
 * whoever asked removes it.
 */
export class SessionShelf {
  readonly #byDigest = new Map<string, SessionRow>();
  readonly #digestOf = new Map<string, string>();
  /** By key reference, null for links; in the order in which this server heard of them. */
  readonly #byKey = new Map<string | null, Map<string, SessionRow>>();

  get size(): number {
    return this.#byDigest.size;
  }

  byDigest(tokenSha256: string): SessionRow | undefined {
    return this.#byDigest.get(tokenSha256);
  }

  byId(id: string): SessionRow | undefined {
    return this.#byDigest.get(this.#digestOf.get(id) ?? '');
  }

  all(): SessionRow[] {
    return [...this.#byDigest.values()];
  }

  put(row: SessionRow): void {
    this.#byDigest.set(row.tokenSha256, row);
    this.#digestOf.set(row.id, row.tokenSha256);
    const ofKey = this.#byKey.get(row.keyReference) ?? new Map<string, SessionRow>();
    this.#byKey.set(row.keyReference, ofKey.set(row.id, row));
  }

  remove({ id, tokenSha256, keyReference }: SessionRow): void {
    this.#byDigest.delete(tokenSha256);
    this.#digestOf.delete(id);
    const ofKey = this.#byKey.get(keyReference);
    ofKey?.delete(id);
    if (ofKey?.size === 0) this.#byKey.delete(keyReference);
  }

  /** The oldest that must go so that the bounds hold; null when they do. */
  surplus(): SessionRow | null {
    let most: Map<string, SessionRow> | null = null;
    for (const ofKey of this.#byKey.values()) if (most === null || ofKey.size > most.size) most = ofKey;
    if (most === null || (most.size <= SESSIONS_PER_KEY_MAX && this.size <= SESSIONS_MAX)) return null;
    return most.values().next().value!;
  }
}
