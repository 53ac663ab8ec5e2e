import type { Frame } from '../../wire/frame-codec.ts';
import { FRAME, type FrameType } from '../../wire/frame-type.ts';
import type { SandboxOutput } from '../output/attempt-output.ts';
import type { ShimSession } from '../session/shim-session.ts';
import type { Exchange } from './exchange.ts';
import { dropChunk, takeExchangeFrame } from './exchange-frames.ts';

/** A frame of at most this many bytes is one piece in a Unix socket: a reader takes all of it or nothing. */
const ONE_READ_MAX_BYTES = 16 * 1024;

const CALL_FRAMES: readonly FrameType[] = [FRAME.end, FRAME.error, FRAME.chunk];

/** What a frame asks of the sandbox: nothing, to take no new calls, or to be killed, with the call to blame if one can be named. */
export type TableVerdict = null | 'retire' | { violation: string; culprit: Exchange | null };

/**
 * Calls of one sandbox by stream. One group has no reply yet. The other has an expired clock, and its late result is
 * accepted once and dropped, as are the chunks before it, within their credit. A stream in neither group is a violation.
 */
export class ExchangeTable {
  readonly #exchanges = new Map<number, Exchange>();
  readonly #session: ShimSession;
  readonly #output: SandboxOutput;
  #lastStream = 0;

  constructor(session: ShimSession) {
    this.#session = session;
    this.#output = session.output;
  }

  /** Streams given out so far; they rise by one, so this is also the newest. */
  get lastStream(): number {
    return this.#lastStream;
  }

  nextStream(): number {
    this.#lastStream += 1;
    return this.#lastStream;
  }

  put(exchange: Exchange): void {
    this.#exchanges.set(exchange.stream, exchange);
  }

  remove(exchange: Exchange): void {
    this.#exchanges.delete(exchange.stream);
  }

  /** The call of that request, if it still waits for its reply. */
  waiting(requestId: string): Exchange | null {
    for (const exchange of this.#exchanges.values()) {
      if (!exchange.hasReplied && exchange.request.requestId === requestId) return exchange;
    }
    return null;
  }

  /**
   * For a connection that broke with unread bytes in it: the call that was certainly never read. That is a small call,
   * alone on its way, of which nothing has been heard. Null when that cannot be known.
   */
  unread(): Exchange | null {
    const [exchange] = this.#exchanges.values();
    if (this.#exchanges.size !== 1 || exchange === undefined || exchange.hasReplied) return null;
    const mayHaveBeenRead =
      exchange.isCancelled || exchange.hasBeenHeard || exchange.request.event.length > ONE_READ_MAX_BYTES;
    return mayHaveBeenRead ? null : exchange;
  }

  /** Empties the table. */
  takeAll(): Exchange[] {
    const exchanges = [...this.#exchanges.values()];
    this.#exchanges.clear();
    return exchanges;
  }

  take(frame: Frame): TableVerdict {
    const exchange = this.#exchanges.get(frame.stream);
    if (frame.type === FRAME.log) return this.#takeLog(frame, exchange);
    if (exchange === undefined || !CALL_FRAMES.includes(frame.type)) {
      return { violation: `frame type ${frame.type} on a stream with no call`, culprit: exchange ?? null };
    }
    if (exchange.hasReplied && frame.type !== FRAME.chunk) {
      this.remove(exchange);
      return null;
    }
    const verdict = exchange.hasReplied ? dropChunk(exchange, frame) : takeExchangeFrame(exchange, frame, this.#grant);
    return verdict === null || verdict === 'retire' ? verdict : { violation: verdict.violation, culprit: exchange };
  }

  /** Code left over from an ended call may still print. Its lines go with the raw output. */
  #takeLog(frame: Frame, exchange: Exchange | undefined): TableVerdict {
    if (frame.stream > this.#lastStream) return { violation: 'a log line of no call', culprit: null };
    if (exchange === undefined || exchange.hasReplied) this.#output.addLine(frame);
    else exchange.takeLog(frame);
    return null;
  }

  readonly #grant = (stream: number, bytes: number): void => {
    if (this.#exchanges.has(stream)) this.#session.send(FRAME.credit, stream, `{"bytes":${bytes}}`, null);
  };
}
