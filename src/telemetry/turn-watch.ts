import type { Log } from '../domain/log.ts';

/** One turn of the event loop serves everybody or nobody; one that is longer than this is told. */
export const LONG_TURN_MS = 50;
/** Well below a long turn, and some hundred microseconds of work a second. */
const LOOK_EVERY_MS = 20;
/** One line in this time, however many there were. */
const TELL_EVERY_MS = 10_000;

export type TurnCause = 'work' | 'host';

export interface LongTurn {
  tookMs: number;
  /** For how long of it the thread had a processor. */
  workedMs: number;
  cause: TurnCause;
}

/**
 * Pure: whether what passed between two looks was one long turn, and whose doing it was. `work`: the thread itself worked that long. `host`:
 * it wanted to run, and something else had the processor.
 */
export function longTurnOf(passedMs: number, workedMs: number): LongTurn | null {
  const tookMs = passedMs - LOOK_EVERY_MS;
  if (tookMs <= LONG_TURN_MS) return null;
  return { tookMs, workedMs, cause: workedMs > LONG_TURN_MS ? 'work' : 'host' };
}

export interface TurnWatchOptions {
  log: Log;
  count(cause: TurnCause): void;
  /** Monotonic milliseconds. */
  now?: () => number;
  /** Milliseconds of processor time that this thread has had. */
  workedMs?: () => number;
}

/** Looks at this thread's event loop for as long as it runs, counts long turns and says the longest of the last while, with its cause. */
export class TurnWatch {
  readonly #log: Log;
  readonly #count: TurnWatchOptions['count'];
  readonly #now: () => number;
  readonly #workedMs: () => number;
  readonly #timer: NodeJS.Timeout;
  #lookedAtMs: number;
  #workedAtLookMs: number;
  #toldAtMs: number;
  #worst: LongTurn | null = null;

  constructor({ log, count, now = () => performance.now(), workedMs = threadMs }: TurnWatchOptions) {
    this.#log = log;
    this.#count = count;
    this.#now = now;
    this.#workedMs = workedMs;
    this.#lookedAtMs = now();
    this.#workedAtLookMs = workedMs();
    this.#toldAtMs = this.#lookedAtMs - TELL_EVERY_MS;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Once for each look; its own timer calls it. */
  look(): void {
    const nowMs = this.#now();
    const workedMs = this.#workedMs();
    const turn = longTurnOf(nowMs - this.#lookedAtMs, workedMs - this.#workedAtLookMs);
    this.#lookedAtMs = nowMs;
    this.#workedAtLookMs = workedMs;
    if (turn !== null) {
      this.#count(turn.cause);
      this.#worst = worseOf(this.#worst, turn);
    }
    if (this.#worst !== null && nowMs - this.#toldAtMs >= TELL_EVERY_MS) this.#tell(this.#worst, nowMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(turn: LongTurn, nowMs: number): void {
    this.#worst = null;
    this.#toldAtMs = nowMs;
    const fields = { tookMs: Math.round(turn.tookMs), workedMs: Math.round(turn.workedMs) };
    if (turn.cause === 'work') this.#log.warn(fields, 'one turn of the event loop held up every call');
    else this.#log.debug(fields, 'this host let the server wait for a processor');
  }
}

/** What the server itself did matters more than any wait for a processor. */
function worseOf(one: LongTurn | null, other: LongTurn): LongTurn {
  if (one === null) return other;
  if (one.cause !== other.cause) return one.cause === 'work' ? one : other;
  return one.tookMs >= other.tookMs ? one : other;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
