import type { SandboxReply, SandboxRequest, Settled } from '../../../contract/sandbox.ts';
import type { Receipt } from '../../../domain/invocation.ts';
import { type Frame, parseMeta } from '../../wire/frame-codec.ts';
import { OutputBuffer } from '../output/attempt-output.ts';
import type { ReplyRelay } from './reply-relay.ts';
import { type Settling, settleAfterPoll } from './settle-queue.ts';
import type { MeterStart } from './usage-meter.ts';

/** The sandbox, as its exchanges know it. */
export interface ExchangeOwner {
  readonly receipt: Pick<Receipt, 'driver'>;
  exchangeExpired(exchange: Exchange): void;
  exchangeReplied(exchange: Exchange): void;
  settleExchange(exchange: Exchange): void;
}

/**
 * One request and its reply, in flight on a stream of its own. It replies exactly once, by whichever comes first: a frame, its one timer, or the sandbox's end; then
 * it settles once. One object and no closures: this is the hot path.
 */
export class Exchange implements Settling {
  /** Also its ordinal in the sandbox. When a later stream was given out before this one settled, calls overlapped. */
  readonly stream: number;
  readonly request: SandboxRequest;
  readonly onSettled: (settled: Settled) => void;
  readonly startedAtMs: number;
  readonly meterStart: MeterStart;
  /** What the sandbox's pauses had summed up to when it began, in ms. */
  readonly pausedBeforeMs: number;
  hasReplied = false;
  isCancelled = false;
  /** Whether any byte of it was written. */
  isDispatched = false;
  isShared: boolean;
  relay: ReplyRelay | null = null;
  /** Console lines that came attributed; null until the first. */
  lines: OutputBuffer | null = null;
  readonly #owner: ExchangeOwner;
  readonly #onReply: (reply: SandboxReply) => void;
  #timer: NodeJS.Timeout;

  constructor(
    owner: ExchangeOwner,
    request: SandboxRequest,
    callbacks: { onReply: (reply: SandboxReply) => void; onSettled: (settled: Settled) => void },
    start: { stream: number; isShared: boolean; meterStart: MeterStart; pausedBeforeMs: number },
  ) {
    this.#owner = owner;
    this.request = request;
    this.#onReply = callbacks.onReply;
    this.onSettled = callbacks.onSettled;
    this.stream = start.stream;
    this.isShared = start.isShared;
    this.meterStart = start.meterStart;
    this.pausedBeforeMs = start.pausedBeforeMs;
    this.startedAtMs = performance.now();
    this.#timer = setTimeout(expire, request.timeoutMs, this);
  }

  /** True when something of it came back: a part of a stream, or a console line. */
  get hasBeenHeard(): boolean {
    return this.relay !== null || this.lines !== null;
  }

  /** Ends the call. Anything after the first reply is ignored. */
  reply(reply: SandboxReply): void {
    if (this.hasReplied) return;
    this.hasReplied = true;
    clearTimeout(this.#timer);
    this.relay?.flush();
    this.#owner.exchangeReplied(this);
    this.#onReply(reply);
    settleAfterPoll(this);
  }

  /** From now on the call has `graceMs` at most, never more than its own clock left it. */
  cancel(graceMs: number): void {
    this.isCancelled = true;
    clearTimeout(this.#timer);
    const leftMs = this.request.timeoutMs - (performance.now() - this.startedAtMs);
    this.#timer = setTimeout(expire, Math.max(0, Math.min(graceMs, leftMs)), this);
  }

  expire(): void {
    this.#owner.exchangeExpired(this);
  }

  settle(): void {
    this.#owner.settleExchange(this);
  }

  /** A console line that belongs to this call. */
  takeLog(frame: Frame): void {
    this.lines ??= new OutputBuffer();
    this.lines.addLine(frame);
  }

  /**
   * Handler time in ms as the shim reports it, but never more than the time we saw pass. Null when the report is no
   * number.
   */
  handlerMs(meta: Buffer): number | null {
    const reportedUs = readMicros(meta);
    if (reportedUs === null) return null;
    return Math.min(reportedUs / 1000, performance.now() - this.startedAtMs);
  }
}

function expire(exchange: Exchange): void {
  exchange.expire();
}

const PLAIN_PREFIX = Buffer.from('{"us":');
const ZERO = 0x30;
const NINE = 0x39;
const CLOSING_BRACE = 0x7d;

/** The number in `{"us":n}`. It is read by hand when it stands alone, as in every ordinary result. */
function readMicros(meta: Buffer): number | null {
  const last = meta.length - 1;
  if (last > PLAIN_PREFIX.length && last < 20 && meta[last] === CLOSING_BRACE) {
    let us = 0;
    let at = PLAIN_PREFIX.length;
    for (; at < last; at += 1) {
      const digit = meta[at]!;
      if (digit < ZERO || digit > NINE) break;
      us = us * 10 + (digit - ZERO);
    }
    if (at === last && PLAIN_PREFIX.compare(meta, 0, PLAIN_PREFIX.length) === 0) return us;
  }
  const us = parseMeta(meta)?.us;
  return typeof us === 'number' && us >= 0 ? us : null;
}
