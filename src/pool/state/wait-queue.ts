import type { AcquireResult } from '../types.ts';

/** A caller who waits for a sandbox of one revision. Answered exactly once: leaving the queue is the only way to be answered. */
export interface Waiter {
  readonly enqueuedAtMs: number;
  deadlineMs: number;
  /** Waits for its isolation to be made ready: longer, and told so at the end. */
  isPreparing: boolean;
  /** Creates and claims that failed by our fault while this one was at the head. */
  failures: number;
  readonly onResult: (result: AcquireResult) => void;
  stopListening: (() => void) | null;
}

export interface WaitQueueHost {
  /** How many at the front do not expire now. */
  exempt(): number;
  /** Its time is over; it stays in the queue until it is removed. */
  expired(waiter: Waiter): void;
  /** Somebody came (1) or left (-1). */
  resized(by: 1 | -1): void;
}

/**
 * First come, first served, with deadlines: one timer for the whole queue, set to the earliest deadline. The first
 * `exempt()` waiters do not expire, because a sandbox is loading for them and loading has its own clock.
 */
export class WaitQueue {
  readonly #waiters = new Set<Waiter>();
  readonly #host: WaitQueueHost;
  #timer: NodeJS.Timeout | null = null;
  #armedForMs = Number.POSITIVE_INFINITY;

  constructor(host: WaitQueueHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#waiters.size;
  }

  get head(): Waiter | null {
    for (const waiter of this.#waiters) return waiter;
    return null;
  }

  [Symbol.iterator](): IterableIterator<Waiter> {
    return this.#waiters.values();
  }

  has(waiter: Waiter): boolean {
    return this.#waiters.has(waiter);
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#host.resized(1);
    this.#arm(waiter.deadlineMs);
  }

  /** False when it had left already: then it was answered by whoever took it. */
  remove(waiter: Waiter): boolean {
    if (!this.#waiters.delete(waiter)) return false;
    this.#host.resized(-1);
    waiter.stopListening?.();
    waiter.stopListening = null;
    if (this.#waiters.size === 0) this.#disarm();
    return true;
  }

  /** Expires who is due; called by the timer, and when fewer are exempt than before. */
  expireDue(): void {
    this.#disarm();
    const nowMs = performance.now();
    const exempt = this.#host.exempt();
    let earliestMs = Number.POSITIVE_INFINITY;
    let at = 0;
    for (const waiter of [...this.#waiters]) {
      if (at++ < exempt) continue;
      if (waiter.deadlineMs > nowMs) earliestMs = Math.min(earliestMs, waiter.deadlineMs);
      else if (this.#waiters.has(waiter)) this.#host.expired(waiter);
    }
    if (this.#waiters.size > 0) this.#arm(earliestMs);
  }

  #arm(deadlineMs: number): void {
    if (deadlineMs >= this.#armedForMs) return;
    this.#disarm();
    this.#armedForMs = deadlineMs;
    this.#timer = setTimeout(() => this.expireDue(), Math.max(1, Math.ceil(deadlineMs - performance.now())));
  }

  #disarm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#armedForMs = Number.POSITIVE_INFINITY;
  }
}
