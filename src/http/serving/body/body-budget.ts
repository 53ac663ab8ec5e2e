import { MIB } from '../../../domain/limits.ts';
import { type CutReason, Holding, type HoldingLedger, type Party } from './holding.ts';
import { slowestOf } from './slowest-of.ts';

/** Bodies and results in flight together (I10). With more, the server would swap before it refuses. */
export const BODY_BUDGET_BYTES = 256 * MIB;
/** The share of all visitors of function URLs. Console and API keep the rest. */
const FUNCTION_LISTENER_SHARE = 3 / 4;
/** The share of one function, with its waiting events and its results. Other functions keep the rest. */
const FUNCTION_SHARE = 1 / 2;
/** The share of callers who have shown no key. Callers with a key keep the rest. */
const STRANGER_SHARE = 7 / 8;
/** Most events are far smaller. They are counted by one number, because thousands of them come in a second. */
export const SMALL_BODY_MAX_BYTES = 64 * 1024;

/**
 * A body or result that moves less than this in a window is cut. 1 KiB a second is slower than any line in use, and it
 * would be held for minutes.
 */
const PROGRESS_MIN_BYTES = 10 * 1024;
const WINDOW_MS = 10_000;
const SWEEP_EVERY_MS = 1_000;
/** A function that returned much is expected to do so again. The expectation falls with every smaller result. */
const EXPECTED_KEPT = 0.9;

interface Limit {
  held(): number;
  maxBytes: number;
  /** Whose holdings make room when they are released. */
  isRival(other: Party): boolean;
}

/**
 * Counts the bytes that the server holds for requests, so that many large requests are refused and do not fill its
 * memory. It shares them so that strangers cannot hold all: bytes count as they arrive, each listener and each function
 * has a share, and callers with a key have a reserve. When there is no room, the slowest body or reader is cut. What
 * moves too little is cut in any case.
 */
export class BodyBudget implements HoldingLedger {
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #byFunction = new Map<string, number>();
  readonly #moving = new Set<Holding>();
  readonly #expected = new Map<string, number>();
  #heldBytes = 0;
  #functionListenerBytes = 0;
  #cutCount = 0;
  #sweeping: NodeJS.Timeout | null = null;

  /** `now` is monotonic, in milliseconds. */
  constructor(maxBytes: number = BODY_BUDGET_BYTES, now: () => number = () => performance.now()) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** How many bodies and readers were cut so far; a metric. */
  get cutCount(): number {
    return this.#cutCount;
  }

  /** For a small body that is already there. False when it does not fit; then nothing is taken. */
  reserve(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#maxBytes && !this.#makeRoom(null, this.#total(), bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Gives back a number that `reserve` took, or a holding. */
  release(held: number | Holding): void {
    if (typeof held === 'number') this.#heldBytes -= held;
    else held.release();
  }

  /** For a body that is about to be read. It counts as it grows. */
  arriving(party: Party, cut: (reason: CutReason) => void): Holding {
    return this.#move(party, 0, cut, null);
  }

  /** For bytes that are there at once, until their call ends. Null when they do not fit. */
  keeping(party: Party, bytes: number): Holding | null {
    const holding = this.#move(party, 0, () => {}, null);
    holding.keep();
    return holding.grow(bytes) ? holding : null;
  }

  /**
   * For a result on its way to its reader. It exists already, so it counts even above the bound. The slowest readers
   * are then cut.
   */
  leaving(party: Party, bytes: number, leftBytes: () => number, cut: (reason: CutReason) => void): Holding {
    const holding = this.#move(party, bytes, cut, leftBytes);
    this.#makeRoom(holding, this.#total(), 0);
    return holding;
  }

  /** What the result of the function's next call may need beyond a small one; counted when the call is admitted. */
  expectedResultBytes(functionId: string): number {
    return this.#expected.size === 0 ? 0 : (this.#expected.get(functionId) ?? 0);
  }

  /** A call of the function has returned so much. Costs nothing while no function returns much. */
  resultSeen(functionId: string, bytes: number): void {
    if (bytes <= SMALL_BODY_MAX_BYTES && this.#expected.size === 0) return;
    const expected = Math.max(bytes, Math.floor((this.#expected.get(functionId) ?? 0) * EXPECTED_KEPT));
    if (expected > SMALL_BODY_MAX_BYTES) this.#expected.set(functionId, expected);
    else this.#expected.delete(functionId);
  }

  admit(holding: Holding, bytes: number): boolean {
    for (const limit of this.#limitsFor(holding.party)) {
      if (this.#makeRoom(holding, limit, bytes)) continue;
      holding.release();
      return false;
    }
    this.#count(holding.party, bytes);
    holding.bytes += bytes;
    holding.movedAtMs = this.#now();
    return true;
  }

  released(holding: Holding): void {
    this.#count(holding.party, -holding.bytes);
    this.settled(holding);
  }

  settled(holding: Holding): void {
    this.#moving.delete(holding);
    if (this.#moving.size > 0 || this.#sweeping === null) return;
    clearInterval(this.#sweeping);
    this.#sweeping = null;
  }

  /** Cuts what moves too little. It runs once a second by itself while anything moves. */
  sweep(): void {
    const nowMs = this.#now();
    for (const holding of [...this.#moving]) {
      if (nowMs - holding.windowBeganAtMs < WINDOW_MS) continue;
      if (holding.windowMovedBytes < PROGRESS_MIN_BYTES) this.#cut(holding, 'slow');
      else holding.beginWindow(nowMs);
    }
  }

  #move(party: Party, bytes: number, cut: (reason: CutReason) => void, leftBytes: (() => number) | null): Holding {
    const holding = new Holding({ ledger: this, party, bytes, cut, leftBytes, nowMs: this.#now() });
    this.#count(party, bytes);
    this.#moving.add(holding);
    this.#sweeping ??= setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
    return holding;
  }

  #total(): Limit {
    return { held: () => this.#heldBytes, maxBytes: this.#maxBytes, isRival: () => true };
  }

  #limitsFor({ listener, functionId, isTrusted }: Party): Limit[] {
    const limits = [this.#total()];
    if (!isTrusted)
      limits.push({
        ...this.#total(),
        maxBytes: this.#maxBytes * STRANGER_SHARE,
        isRival: (other) => !other.isTrusted,
      });
    if (listener === 'functions')
      limits.push({
        held: () => this.#functionListenerBytes,
        maxBytes: this.#maxBytes * FUNCTION_LISTENER_SHARE,
        isRival: (other) => other.listener === listener,
      });
    if (functionId !== null)
      limits.push({
        held: () => this.#byFunction.get(functionId) ?? 0,
        maxBytes: this.#maxBytes * FUNCTION_SHARE,
        isRival: (other) => other.functionId === functionId,
      });
    return limits;
  }

  /**
   * True once `bytes` more fit, after the slowest were cut. False when the asker itself is the slowest, or when nobody
   * is left to cut.
   */
  #makeRoom(asker: Holding | null, { held, maxBytes, isRival }: Limit, bytes: number): boolean {
    while (held() + bytes > maxBytes) {
      const rivals = [...this.#moving].filter((one) => one === asker || (one.bytes > 0 && isRival(one.party)));
      const slowest = slowestOf(rivals, this.#now(), asker === null ? null : { one: asker, bytes });
      if (slowest === null || slowest === asker) return false;
      this.#cut(slowest, 'full');
    }
    return true;
  }

  #cut(holding: Holding, reason: CutReason): void {
    this.#cutCount++;
    holding.cut(reason);
  }

  #count({ listener, functionId }: Party, bytes: number): void {
    this.#heldBytes += bytes;
    if (listener === 'functions') this.#functionListenerBytes += bytes;
    if (functionId === null) return;
    const held = (this.#byFunction.get(functionId) ?? 0) + bytes;
    if (held > 0) this.#byFunction.set(functionId, held);
    else this.#byFunction.delete(functionId);
  }
}
