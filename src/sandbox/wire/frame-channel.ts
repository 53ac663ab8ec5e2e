import type { Duplex } from 'node:stream';
import { encodeFrame, encodeHead, type Frame, FrameDecoder, type WireViolation } from './frame-codec.ts';
import { FrameToll } from './frame-toll.ts';
import { BODY_MAX_BYTES, type FrameType } from './frame-type.ts';

/** Bodies up to this many bytes are copied next to their header: one small write costs less than a vectored one. */
const COPY_MAX_BYTES = 8 * 1024;
/**
 * Bytes of frames that were accepted and that the kernel has not taken yet: two full events and their heads. This
 * bounds memory when the peer does not read.
 */
export const UNSENT_MAX_BYTES = 2 * BODY_MAX_BYTES + 256 * 1024;

export interface FrameChannelOptions {
  /** The connection; the channel owns it from now on. */
  duplex: Duplex;
  /** Types the peer may send: FROM_SHIM on the host, FROM_HOST in a shim. */
  accepts: readonly FrameType[];
  onFrame(frame: Frame): void;
  /** The peer broke the format. Called at most once. No frame follows, and the channel has closed itself. */
  onViolation(violation: WireViolation): void;
  /** The connection is gone, for whatever reason. Called exactly once, as the last callback. */
  onClose(error: Error | null): void;
  unsentMaxBytes?: number;
  /**
   * Present where the peer is hostile: its frames have a price then. Called with true when it sends more than it can pay, so that
   * nothing is read from it for a while, and with false when it is read again; never twice the same, and with false at the latest
   * when the channel closes.
   */
  onThrottle?: (isThrottled: boolean) => void;
}

/**
 * Frames over a Duplex. Frames sent by one callback leave in one write. Frames that may wait share a write with
 * everything else that this turn of the event loop sends (decisions/0009). Nothing is queued without bound: `send`
 * refuses what would exceed the bound on unsent bytes, and the caller decides (a sandbox that does not read is sick).
 */
export class FrameChannel {
  readonly #duplex: Duplex;
  readonly #unsentMaxBytes: number;
  readonly #decoder: FrameDecoder;
  readonly #toll: FrameToll | null;
  readonly #onThrottle: ((isThrottled: boolean) => void) | undefined;
  readonly #onViolation: (violation: WireViolation) => void;
  /** Runs while the peer is throttled. */
  #throttle: NodeJS.Timeout | null = null;
  #isCorked = false;
  #isClosed = false;
  #error: Error | null = null;

  constructor(options: FrameChannelOptions) {
    this.#duplex = options.duplex;
    this.#unsentMaxBytes = options.unsentMaxBytes ?? UNSENT_MAX_BYTES;
    this.#onThrottle = options.onThrottle;
    this.#onViolation = options.onViolation;
    this.#toll = options.onThrottle === undefined ? null : new FrameToll();
    this.#decoder = new FrameDecoder({ accepts: options.accepts, toll: this.#toll }, (frame) => {
      if (!this.#isClosed) options.onFrame(frame);
    });
    this.#duplex.on('data', (chunk: Buffer) => {
      this.#report(this.#decoder.push(chunk));
      if (this.#decoder.isHeld) this.#wait();
    });
    this.#duplex.on('end', () => {
      this.#report(this.#decoder.end());
      this.close();
    });
    this.#duplex.on('error', (error: Error) => {
      this.#error ??= error;
    });
    const finish = (): void => {
      this.#isClosed = true;
      this.#endWait();
      options.onClose(this.#error);
    };
    // A connection that was handed over already closed emits nothing any more.
    if (this.#duplex.closed) process.nextTick(finish);
    else this.#duplex.once('close', finish);
  }

  /** False once closed by either side. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#duplex.writable;
  }

  /** Bytes accepted and not yet taken by the kernel. */
  get unsentBytes(): number {
    return this.#duplex.writableLength;
  }

  /**
   * Sends one frame; `meta` is JSON text, '' when there is no meta. Returns false, with nothing written, when the
   * channel is closed or the frame would exceed the bound on unsent bytes. The body must not change until it is sent.
   * With `mayWait` the frame waits until every connection that is readable now has been read; otherwise it leaves at
   * the end of this callback.
   */
  send(type: FrameType, stream: number, meta: string, body: Uint8Array | null, mayWait = false): boolean {
    const duplex = this.#duplex;
    if (this.#isClosed || !duplex.writable) return false;
    const bodyBytes = body === null ? 0 : body.length;
    const unsentBytes = duplex.writableLength;
    if (unsentBytes > 0 && unsentBytes + bodyBytes > this.#unsentMaxBytes) return false;
    if (!this.#isCorked) {
      this.#isCorked = true;
      duplex.cork();
      if (mayWait) setImmediate(uncork, this);
      else process.nextTick(uncork, this);
    }
    if (body === null || bodyBytes <= COPY_MAX_BYTES) {
      duplex.write(encodeFrame(type, stream, meta, body));
    } else {
      duplex.write(encodeHead(type, stream, meta, bodyBytes));
      duplex.write(body);
    }
    return true;
  }

  /** Begins to read a connection that was handed over paused. */
  resume(): void {
    if (this.#throttle === null) this.#duplex.resume();
  }

  /** Closes now and drops unsent frames; safe to repeat. `onClose` follows. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endWait();
    this.#decoder.stop();
    this.#duplex.destroy();
  }

  #report(violation: WireViolation | null): void {
    if (violation === null || this.#isClosed) return;
    this.close();
    this.#onViolation(violation);
  }

  /** The socket is paused with it: libuv would read up to 2 MiB of one connection before it looks at the next. */
  #wait(): void {
    const toll = this.#toll;
    if (this.#isClosed || toll === null) return;
    const isFirst = this.#throttle === null;
    this.#throttle = setTimeout(() => this.#goOn(), toll.waitMs);
    if (!isFirst) return;
    toll.isWaiting = true;
    this.#duplex.pause();
    this.#onThrottle?.(true);
  }

  #goOn(): void {
    this.#report(this.#decoder.goOn());
    if (this.#isClosed) return;
    if (this.#decoder.isHeld) {
      this.#wait();
      return;
    }
    this.#endWait();
    this.#duplex.resume();
  }

  #endWait(): void {
    if (this.#throttle === null || this.#toll === null) return;
    clearTimeout(this.#throttle);
    this.#throttle = null;
    this.#toll.isWaiting = false;
    this.#onThrottle?.(false);
  }

  static uncork(channel: FrameChannel): void {
    channel.#isCorked = false;
    channel.#duplex.uncork();
  }
}

const uncork = FrameChannel.uncork;
