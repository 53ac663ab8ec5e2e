import type { Frame } from '../../wire/frame-codec.ts';
import { FRAME, type FrameType } from '../../wire/frame-type.ts';
import type { SandboxOutput } from '../output/attempt-output.ts';
import type { ShimSession } from '../session/shim-session.ts';
import type { Call } from './call.ts';
import { takeCallFrame } from './call-frames.ts';

/** A frame up to here is one piece in a Unix socket: a reader takes all of it or nothing. */
const ONE_READ_MAX_BYTES = 16 * 1024;

const CALL_FRAMES: readonly FrameType[] = [FRAME.end, FRAME.error, FRAME.chunk];

/** What a frame asks of the sandbox: nothing, to take no new calls, or to be killed, with the call to blame if one can be named. */
export type TableVerdict = null | 'retire' | { violation: string; culprit: Call | null };

/**
 * Calls of one sandbox by stream: those without a reply, and those whose clock expired, whose late result is accepted once
 * and dropped. A stream that is in neither group is a violation.
 */
export class CallTable {
  readonly #calls = new Map<number, Call>();
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

  put(call: Call): void {
    this.#calls.set(call.stream, call);
  }

  remove(call: Call): void {
    this.#calls.delete(call.stream);
  }

  /** The call of that request that still waits for its reply. */
  waiting(requestId: string): Call | null {
    for (const call of this.#calls.values()) {
      if (!call.hasReplied && call.request.requestId === requestId) return call;
    }
    return null;
  }

  /**
   * On a connection that broke with unread bytes in it: the call that was certainly never read, which is one small call on its
   * way of which nothing has been heard; null where there is no telling.
   */
  unread(): Call | null {
    const [call] = this.#calls.values();
    if (this.#calls.size !== 1 || call === undefined || call.hasReplied) return null;
    const mayHaveBeenRead = call.isCancelled || call.hasBeenHeard || call.request.event.length > ONE_READ_MAX_BYTES;
    return mayHaveBeenRead ? null : call;
  }

  /** Empties the table. */
  takeAll(): Call[] {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    return calls;
  }

  take(frame: Frame): TableVerdict {
    const call = this.#calls.get(frame.stream);
    if (frame.type === FRAME.log) return this.#takeLog(frame, call);
    if (call === undefined || !CALL_FRAMES.includes(frame.type)) {
      return { violation: `frame type ${frame.type} on a stream with no call`, culprit: call ?? null };
    }
    if (call.hasReplied) {
      if (frame.type !== FRAME.chunk) this.remove(call);
      return null;
    }
    const verdict = takeCallFrame(call, frame, this.#grant);
    return verdict === null || verdict === 'retire' ? verdict : { violation: verdict.violation, culprit: call };
  }

  /** Code left over from a call that has ended may still print: its lines go with the raw output. */
  #takeLog(frame: Frame, call: Call | undefined): TableVerdict {
    if (frame.stream > this.#lastStream) return { violation: 'a log line of no call', culprit: null };
    if (call === undefined || call.hasReplied) this.#output.addLine(frame);
    else call.takeLog(frame);
    return null;
  }

  readonly #grant = (stream: number, bytes: number): void => {
    if (this.#calls.has(stream)) this.#session.send(FRAME.credit, stream, `{"bytes":${bytes}}`, null);
  };
}
