import type { ReplyStream } from '../../../contract/sandbox.ts';
import { LIMITS } from '../../../domain/limits.ts';
import { parseMeta } from '../../wire/frame-codec.ts';
import { CREDIT_BYTES } from '../../wire/frame-type.ts';

/** Credit goes back in pieces of this size at least: a frame per chunk would double the traffic. */
const GRANT_MIN_BYTES = CREDIT_BYTES / 4;
const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

/**
 * The chunks of one streamed reply: passed on to the caller's stream with its back-pressure turned into credit, or, for a
 * caller that takes none, gathered up to the largest payload (beyond it only counted).
 */
export class ReplyRelay {
  readonly #target: ReplyStream | null;
  readonly #grant: (bytes: number) => void;
  #bytes = 0;
  #creditBytes = CREDIT_BYTES;
  #owedBytes = 0;
  #isBehind = false;
  /** Grows by doubling: a shim may send a million chunks of one byte. */
  #gathered = Buffer.alloc(0);
  #gatheredBytes = 0;

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

  /** Longer than any streamed reply may be. */
  get isOverStreamLimit(): boolean {
    return this.#bytes > LIMITS.streamMaxBytes;
  }

  /** What was gathered, null if it was more than one payload may have. */
  get gathered(): Buffer | null {
    return this.#bytes > LIMITS.payloadMaxBytes ? null : this.#gathered.subarray(0, this.#gatheredBytes);
  }

  /** Takes a chunk; false when the shim sent more than it was allowed (a violation). */
  accept(chunk: Buffer): boolean {
    this.#creditBytes -= chunk.length;
    if (this.#creditBytes < 0) return false;
    this.#bytes += chunk.length;
    this.#owedBytes += chunk.length;
    if (this.#target === null) this.#gather(chunk);
    else if (!this.#target.write(chunk)) this.#waitForReader(this.#target);
    this.#payBack();
    return true;
  }

  #gather(chunk: Buffer): void {
    if (this.#bytes > LIMITS.payloadMaxBytes) {
      this.#gathered = Buffer.alloc(0);
      return;
    }
    if (this.#bytes > this.#gathered.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes, 2 * this.#gathered.length));
      this.#gathered.copy(grown, 0, 0, this.#gatheredBytes);
      this.#gathered = grown;
    }
    chunk.copy(this.#gathered, this.#gatheredBytes);
    this.#gatheredBytes = this.#bytes;
  }

  #waitForReader(target: ReplyStream): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    const goOn = (): void => {
      this.#isBehind = false;
      this.#payBack();
    };
    // A reader that failed is gone; the handler runs on as for any client that left.
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
