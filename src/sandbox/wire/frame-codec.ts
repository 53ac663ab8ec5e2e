import type { FrameToll } from './frame-toll.ts';
import { ANSWERS, BODY_MAX_BYTES, FLAG_OPTIONAL, type FrameType, HEADER_BYTES, META_MAX_BYTES } from './frame-type.ts';

/** One received frame. `meta` and `body` are views, valid as long as they are held; small ones share memory with their neighbours. */
export interface Frame {
  type: FrameType;
  flags: number;
  stream: number;
  /** JSON text, not yet parsed; `parseMeta` reads it. */
  meta: Buffer;
  body: Buffer;
}

/**
 * What a peer did that no honest peer does. It is a value, not an error: the guard answers it by killing the sandbox.
 */
export interface WireViolation {
  kind: 'shortFrame' | 'metaTooLong' | 'bodyTooLong' | 'unknownType' | 'truncated' | 'badMeta';
  detail: string;
}

/** Frames travelling to a shim or from one may have any of these types; see FROM_SHIM and FROM_HOST. */
export interface FrameDecoderOptions {
  accepts: readonly FrameType[];
  /** Largest body in bytes; default BODY_MAX_BYTES. */
  bodyMaxBytes?: number;
  /** The price of frames that are no answers; null or absent where the peer is trusted not to flood. */
  toll?: FrameToll | null;
}

/**
 * Turns chunks of bytes, cut anywhere, into frames. Every bound is checked on the header alone, before anything is kept for
 * the frame. A frame that lies within one chunk is handed out as views on it, without a copy; one that spans chunks is
 * collected in one buffer of its exact size, whose pages the kernel gives only as bytes arrive. Unknown optional frames are
 * skipped without being kept. A frame whose price cannot be paid stops the decoder before it, in mid-chunk: `isHeld` until `goOn`
 * finds that it can. After the first violation the decoder is dead and repeats it.
 */
export class FrameDecoder {
  readonly #accepted: boolean[] = new Array(256).fill(false);
  /** Types that pay. */
  readonly #priced: boolean[] = new Array(256).fill(true);
  readonly #toll: FrameToll | null;
  readonly #bodyMaxBytes: number;
  readonly #onFrame: (frame: Frame) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  /** HEADER_BYTES: the header is whole and its frame not begun. */
  #headerFill = 0;
  /** What has not been read of a chunk, because the frame in front of it could not pay. */
  #rest: Buffer | null = null;
  /** The payload (meta and body) being collected; null between frames and while only the header is incomplete. */
  #payload: Buffer | null = null;
  #payloadFill = 0;
  #skipBytes = 0;
  #violation: WireViolation | null = null;
  #isStopped = false;

  constructor(options: FrameDecoderOptions, onFrame: (frame: Frame) => void) {
    for (const type of options.accepts) this.#accepted[type] = true;
    for (const type of ANSWERS) this.#priced[type] = false;
    this.#toll = options.toll ?? null;
    this.#bodyMaxBytes = options.bodyMaxBytes ?? BODY_MAX_BYTES;
    this.#onFrame = onFrame;
  }

  /** Whether a frame waits for its price; give it no more bytes then (what comes all the same is kept). */
  get isHeld(): boolean {
    return this.#rest !== null;
  }

  /** Takes the next bytes; calls back for each complete frame. Returns the violation if there is one; never throws by itself. */
  push(chunk: Buffer): WireViolation | null {
    if (this.#rest === null) return this.#read(chunk);
    this.#rest = Buffer.concat([this.#rest, chunk]);
    return this.#violation;
  }

  /** Nothing is read any more, not even what is left of the chunk in hand: for whoever closes the connection inside `onFrame`. */
  stop(): void {
    this.#isStopped = true;
    this.#payload = null;
    this.#rest = null;
  }

  /** Reads on where it was held. */
  goOn(): WireViolation | null {
    const rest = this.#rest;
    this.#rest = null;
    return rest === null ? this.#violation : this.#read(rest);
  }

  #read(chunk: Buffer): WireViolation | null {
    let at = 0;
    const size = chunk.length;
    while (at < size || this.#headerFill === HEADER_BYTES) {
      if (this.#violation !== null || this.#isStopped || this.#rest !== null) break;
      if (this.#skipBytes > 0) {
        const taken = Math.min(this.#skipBytes, size - at);
        this.#skipBytes -= taken;
        at += taken;
      } else if (this.#payload !== null) {
        at += this.#collect(this.#payload, chunk, at);
      } else if (this.#headerFill === HEADER_BYTES) {
        this.#headerFill = 0;
        at = this.#begin(this.#header, 0, chunk, at);
      } else if (this.#headerFill === 0 && size - at >= HEADER_BYTES) {
        at = this.#begin(chunk, at, chunk, at + HEADER_BYTES);
      } else {
        const taken = Math.min(HEADER_BYTES - this.#headerFill, size - at);
        chunk.copy(this.#header, this.#headerFill, at, at + taken);
        this.#headerFill += taken;
        at += taken;
      }
    }
    return this.#violation;
  }

  /** The peer closed. A frame that began and did not finish is a violation. */
  end(): WireViolation | null {
    const isBetweenFrames =
      this.#headerFill === 0 && this.#payload === null && this.#skipBytes === 0 && this.#rest === null;
    if (this.#violation === null && !isBetweenFrames) this.#fail('truncated', 'the connection ended within a frame');
    return this.#violation;
  }

  /** Reads the header at `head[headAt]` and takes what `chunk` holds of its payload from `at`; returns the new position. */
  #begin(head: Buffer, headAt: number, chunk: Buffer, at: number): number {
    const length = head.readUInt32BE(headAt);
    const type = head[headAt + 4] as FrameType;
    const flags = head[headAt + 5] as number;
    const metaBytes = head.readUInt16BE(headAt + 10);
    const payloadBytes = length - (HEADER_BYTES - 4);
    if (payloadBytes < metaBytes) return this.#fail('shortFrame', `length ${length} with ${metaBytes} bytes of meta`);
    if (payloadBytes - metaBytes > this.#bodyMaxBytes) {
      return this.#fail('bodyTooLong', `a body of ${payloadBytes - metaBytes} bytes`);
    }
    const isAccepted = this.#accepted[type] === true;
    if (!isAccepted && (flags & FLAG_OPTIONAL) === 0) return this.#fail('unknownType', `frame type ${type}`);
    if (this.#toll !== null && this.#priced[type] && !this.#toll.admits(type, metaBytes, payloadBytes - metaBytes)) {
      return this.#hold(head, headAt, chunk, at);
    }
    if (!isAccepted) {
      this.#skipBytes = payloadBytes;
      return at;
    }
    const stream = head.readUInt32BE(headAt + 6);
    if (chunk.length - at >= payloadBytes) {
      const bodyAt = at + metaBytes;
      const end = at + payloadBytes;
      this.#onFrame({ type, flags, stream, meta: chunk.subarray(at, bodyAt), body: chunk.subarray(bodyAt, end) });
      return end;
    }
    if (head !== this.#header) head.copy(this.#header, 0, headAt, headAt + HEADER_BYTES);
    this.#payload = Buffer.allocUnsafeSlow(payloadBytes);
    this.#payloadFill = 0;
    return at;
  }

  /** Stands before a frame whose header has been seen; keeps a view on what is left of the chunk. */
  #hold(head: Buffer, headAt: number, chunk: Buffer, at: number): number {
    const isSplit = head === this.#header;
    if (isSplit) this.#headerFill = HEADER_BYTES;
    this.#rest = chunk.subarray(isSplit ? at : headAt);
    return at;
  }

  #collect(payload: Buffer, chunk: Buffer, at: number): number {
    const taken = chunk.copy(payload, this.#payloadFill, at);
    this.#payloadFill += taken;
    if (this.#payloadFill === payload.length) {
      this.#payload = null;
      const head = this.#header;
      const metaBytes = head.readUInt16BE(10);
      this.#onFrame({
        type: head[4] as FrameType,
        flags: head[5] as number,
        stream: head.readUInt32BE(6),
        meta: payload.subarray(0, metaBytes),
        body: payload.subarray(metaBytes),
      });
    }
    return taken;
  }

  /** Records the violation and lets go of whatever was being collected. */
  #fail(kind: WireViolation['kind'], detail: string): number {
    this.#violation = { kind, detail };
    this.#payload = null;
    this.#skipBytes = 0;
    this.#headerFill = 0;
    this.#rest = null;
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * Header and meta of a frame in one small buffer; the body follows it on the wire uncopied. `meta` is JSON text, '' for none;
 * hot callers build it once. Throws RangeError for a meta over META_MAX_BYTES or a body over BODY_MAX_BYTES: ours to prevent.
 */
export function encodeHead(type: FrameType, stream: number, meta: string, bodyBytes: number, flags = 0): Buffer {
  const metaBytes = Buffer.byteLength(meta);
  const head = Buffer.allocUnsafe(HEADER_BYTES + metaBytes);
  writeHead(head, type, stream, meta, metaBytes, bodyBytes, flags);
  return head;
}

/** The whole frame in one buffer, its body copied: cheaper than two writes for small bodies. */
export function encodeFrame(type: FrameType, stream: number, meta: string, body: Uint8Array | null, flags = 0): Buffer {
  const metaBytes = Buffer.byteLength(meta);
  const bodyBytes = body === null ? 0 : body.length;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + metaBytes + bodyBytes);
  writeHead(frame, type, stream, meta, metaBytes, bodyBytes, flags);
  if (body !== null) frame.set(body, HEADER_BYTES + metaBytes);
  return frame;
}

/** The meta of a frame as an object; null when it is not a JSON object (a violation for the types that need one). */
export function parseMeta(meta: Buffer): Record<string, unknown> | null {
  if (meta.length === 0) return {};
  try {
    const value: unknown = JSON.parse(meta.toString('utf8'));
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function writeHead(
  into: Buffer,
  type: FrameType,
  stream: number,
  meta: string,
  metaBytes: number,
  bodyBytes: number,
  flags: number,
): void {
  if (metaBytes > META_MAX_BYTES) throw new RangeError(`meta of ${metaBytes} bytes`);
  if (bodyBytes > BODY_MAX_BYTES) throw new RangeError(`body of ${bodyBytes} bytes`);
  into.writeUInt32BE(HEADER_BYTES - 4 + metaBytes + bodyBytes, 0);
  into[4] = type;
  into[5] = flags;
  into.writeUInt32BE(stream, 6);
  into.writeUInt16BE(metaBytes, 10);
  if (metaBytes > 0) into.write(meta, HEADER_BYTES, metaBytes, 'utf8');
}
