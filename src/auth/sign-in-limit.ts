import { ColdframeError } from '../errors/coldframe-error.ts';

const FAILURES_MAX = 10;
const WINDOW_MS = 60_000;
/** Addresses remembered; an attacker with more of them still faces 256 random bits. */
const ADDRESSES_MAX = 10_000;

/** Slows guessing: after 10 failed sign-ins within a minute an address waits for the minute to pass. A success clears it. */
export class SignInLimit {
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; untilMs: number }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Before a secret is looked at. Throws `too_many_sign_ins` with Retry-After. */
  check(address: string): void {
    const seen = this.#failures.get(address);
    const leftMs = (seen?.untilMs ?? 0) - this.#now();
    if (seen && leftMs > 0 && seen.count >= FAILURES_MAX) {
      throw new ColdframeError('too_many_sign_ins', { retryAfterSeconds: Math.ceil(leftMs / 1000) });
    }
  }

  failed(address: string): void {
    const seen = this.#failures.get(address);
    if (seen && seen.untilMs > this.#now()) {
      seen.count++;
      return;
    }
    this.#failures.delete(address);
    if (this.#failures.size >= ADDRESSES_MAX) this.#failures.delete(this.#failures.keys().next().value!);
    this.#failures.set(address, { count: 1, untilMs: this.#now() + WINDOW_MS });
  }

  succeeded(address: string): void {
    this.#failures.delete(address);
  }
}
