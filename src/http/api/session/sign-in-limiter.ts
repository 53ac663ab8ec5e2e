import { ColdframeError } from '../../../errors/coldframe-error.ts';

const FAILURES_MAX = 10;
const WINDOW_MS = 60_000;
/** Addresses that are remembered. Above this number the oldest are forgotten first. */
const ADDRESSES_MAX = 1_000;

interface Failures {
  count: number;
  untilMs: number;
}

/** Counts failed sign-ins per address, so that a key chosen too short cannot be guessed through the sign-in form. */
export class SignInLimiter {
  readonly #byAddress = new Map<string, Failures>();

  /** Throws `too_many_sign_ins`. */
  check(address: string, nowMs: number): void {
    const failures = this.#byAddress.get(address);
    if (!failures || failures.count < FAILURES_MAX || failures.untilMs <= nowMs) return;
    const retryAfterSeconds = Math.ceil((failures.untilMs - nowMs) / 1_000);
    throw new ColdframeError('too_many_sign_ins', { retryAfterSeconds });
  }

  failed(address: string, nowMs: number): void {
    const known = this.#byAddress.get(address);
    const count = known && known.untilMs > nowMs ? known.count + 1 : 1;
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { count, untilMs: nowMs + WINDOW_MS });
    const oldest = this.#byAddress.keys().next().value;
    if (this.#byAddress.size > ADDRESSES_MAX && oldest !== undefined) this.#byAddress.delete(oldest);
  }
}
