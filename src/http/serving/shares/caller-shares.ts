import type { Principal } from '../../../auth/principal.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';

/** Places are taken for seconds to minutes; asking more often helps nobody. */
const RETRY_AFTER_SECONDS = 5;

export interface CallerSharesOptions {
  /** As in "too many live streams". */
  what: string;
  /** At once, for all callers together. */
  total: number;
  /** At once, for one caller. */
  each: number;
}

/**
 * A number of places, and the share of them that one caller may hold, so that whoever has one key never keeps all others out.
 * Every session of a key counts as that key.
 */
export class CallerShares {
  readonly #options: CallerSharesOptions;
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(options: CallerSharesOptions) {
    this.#options = options;
  }

  /** Takes a place; the return value gives it back, once however often it is called. Throws `overloaded`. */
  enter(principal: Principal): () => void {
    const { what, total, each } = this.#options;
    const caller = callerOf(principal);
    const held = this.#held.get(caller) ?? 0;
    if (held >= each) {
      throw refusal(
        `This key has ${each} ${what} at once, which is its share of ${total}. End some, wait for one to end, or use another key.`,
      );
    }
    if (this.#total >= total) throw refusal(`The server has ${total} ${what} at once. Try again when some have ended.`);
    this.#total++;
    this.#held.set(caller, held + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#total--;
      const left = this.#held.get(caller)! - 1;
      if (left === 0) this.#held.delete(caller);
      else this.#held.set(caller, left);
    };
  }
}

/** Who counts as one caller: a key with all its sessions; a session by link alone. */
export function callerOf({ keyId, sessionId }: Principal): string {
  return keyId ?? `session ${sessionId}`;
}

function refusal(publicMessage: string): ColdframeError {
  return new ColdframeError('overloaded', { publicMessage, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
