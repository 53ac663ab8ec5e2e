import type { ReplyStream } from '../../../contract/sandbox.ts';
import { GrowingBytes } from '../../../domain/growing-bytes.ts';
import { LIMITS } from '../../../domain/limits.ts';
import { parseMeta } from '../../wire/frame-codec.ts';
import { CREDIT_BYTES } from '../../wire/frame-type.ts';

/** Credit goes back in pieces of at least this size: a frame per chunk would double the traffic. */
const GRANT_MIN_BYTES = CREDIT_BYTES / 4;
const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

/**
 * The chunks of one streamed reply. They are passed on to the caller's stream, whose back-pressure becomes credit. For
 * a caller that takes no stream they are gathered up to the largest payload; beyond it they are only counted. While the
 * caller is behind, what comes is gathered too, at most the credit: a list of a quarter of a million pieces of one byte
 * would be a hundred times their size.
 */
export class ReplyRelay {
  readonly #target: ReplyStream | null;
  readonly #grant: (bytes: number) => void;
  #bytes = 0;
  #creditBytes = CREDIT_BYTES;
  #owedBytes = 0;
  #isBehind = false;
  /** What a caller without a stream gets, or one that is behind gets next. */
  readonly #gathered = new GrowingBytes();

  /** `grant` sends that many bytes of credit to the shim. */
  constructor(target: ReplyStream | null, firstMeta: Buffer, grant: (bytes: number) => void) {
    this.#target = target;
    this.#grant = grant;
    if (target === null) return;
    const meta = parseMeta(firstMeta);
    const contentType = typeof meta?.contentType === 'string' ? meta.contentType : DEFAULT_CONTENT_TYPE;
    target.head({ contentType, httpPrelude: meta?.prelude === true });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A length beyond that of any streamed reply. */
  get isOverStreamLimit(): boolean {
    return this.#bytes > LIMITS.streamMaxBytes;
  }

  /** What was gathered. Null when it was more than one payload may have. */
  get gathered(): Buffer | null {
    return this.#bytes > LIMITS.payloadMaxBytes ? null : this.#gathered.view();
  }

  /** Takes a chunk; false when the shim sent more than it was allowed (a violation). Empty ones say nothing and go nowhere. */
  accept(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    this.#creditBytes -= chunk.length;
    if (this.#creditBytes < 0) return false;
    this.#bytes += chunk.length;
    this.#owedBytes += chunk.length;
    if (this.#target === null) this.#gather(chunk);
    else if (this.#isBehind) this.#gathered.add(chunk);
    else this.#write(this.#target, chunk);
    this.#payBack();
    return true;
  }

  /** Counts a chunk that came after the reply, and keeps nothing of it. It brings no new credit; false as for `accept`. */
  drop(chunk: Buffer): boolean {
    this.#creditBytes -= chunk.length;
    return this.#creditBytes >= 0;
  }

  /** The reply is over: the caller gets what was gathered for it while it was behind. */
  flush(): void {
    if (this.#target !== null && this.#gathered.length > 0) this.#target.write(this.#gathered.take());
  }

  #write(target: ReplyStream, bytes: Uint8Array): void {
    if (!target.write(bytes)) this.#waitForReader(target);
  }

  #gather(chunk: Buffer): void {
    if (this.#bytes > LIMITS.payloadMaxBytes) this.#gathered.take();
    else this.#gathered.add(chunk);
  }

  #waitForReader(target: ReplyStream): void {
    this.#isBehind = true;
    const goOn = (): void => {
      this.#isBehind = false;
      if (this.#gathered.length > 0) this.#write(target, this.#gathered.take());
      this.#payBack();
    };
    // A reader that failed is gone. The handler runs on, as for any client that left.
    target.whenDrained().then(goOn, goOn);
  }

  #payBack(): void {
    if (this.#isBehind || this.#owedBytes < GRANT_MIN_BYTES) return;
    const bytes = this.#owedBytes;
    this.#owedBytes = 0;
    this.#creditBytes += bytes;
    this.#grant(bytes);
  }
}
