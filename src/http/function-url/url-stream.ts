import type { ServerResponse } from 'node:http';
import type { ReplyStream } from '../../contract/sandbox.ts';
import { GrowingBytes } from '../../domain/growing-bytes.ts';
import { JsonScanError, jsonMembers } from '../serving/body/json-members.ts';
import { whenDrained } from '../serving/replies/when-drained.ts';
import { withoutOverridden } from './cors.ts';
import { answerFailure } from './refusals.ts';
import { RESPONSE_MEMBERS, responseHeadOf } from './url-response.ts';

/** Lambda's mark between prelude and body. */
const PRELUDE_END = Buffer.alloc(8);
/** Largest prelude. It is kept in memory until it ends, and a longer one is a mistake. */
const PRELUDE_MAX_BYTES = 64 * 1024;

/** A streamed reply on a function URL: status and headers from the prelude when there is one, then the body as it comes. */
export class UrlStream implements ReplyStream {
  readonly #res: ServerResponse;
  readonly #extra: string[];
  readonly #isOwnOrigin: boolean;
  /** The prelude so far. Null once it is over, or when the stream has none. */
  #prelude: GrowingBytes | null = null;
  #isUsed = false;
  #refusal: string | null = null;

  constructor(res: ServerResponse, extraHeaders: string[], isOwnOrigin: boolean) {
    this.#res = res;
    this.#extra = extraHeaders;
    this.#isOwnOrigin = isOwnOrigin;
  }

  /** Why the stream is no response. Null while it is one. */
  get refusal(): string | null {
    return this.#refusal;
  }

  get isUsed(): boolean {
    return this.#isUsed;
  }

  head(meta: { contentType: string; httpPrelude: boolean }): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    if (meta.httpPrelude) this.#prelude = new GrowingBytes();
    else if (/^[\x20-\x7e]{1,256}$/.test(meta.contentType)) this.#writeHead(200, ['content-type', meta.contentType]);
    else this.#refuse('the content type has a character it may not have');
  }

  write(chunk: Uint8Array): boolean {
    if (this.#refusal !== null || this.#res.destroyed) return true;
    if (this.#prelude === null) return this.#res.write(chunk);
    // Only where the mark may have become whole: a prelude may come byte by byte.
    const from = Math.max(0, this.#prelude.length - PRELUDE_END.length);
    this.#prelude.add(chunk);
    const whole = this.#prelude.view();
    const end = whole.indexOf(PRELUDE_END, from);
    if (end === -1) {
      if (whole.length > PRELUDE_MAX_BYTES) this.#refuse(`the prelude has more than ${PRELUDE_MAX_BYTES} bytes`);
      return true;
    }
    const body = whole.subarray(end + PRELUDE_END.length);
    this.#beginFrom(whole.subarray(0, end));
    return body.length === 0 || this.#refusal !== null || this.#res.write(body);
  }

  whenDrained(): Promise<void> {
    return whenDrained(this.#res);
  }

  /** The call is over. A stream that failed is cut, so that half of it is never taken for the whole. */
  finish(isOk: boolean): void {
    if (this.#prelude !== null) this.#refuse('the stream ended inside its prelude');
    else if (!this.#refusal !== null && isOk) this.#res.end();
    else if (!this.#refusal !== null) this.#res.destroy();
  }

  #beginFrom(prelude: Buffer): void {
    try {
      const members = jsonMembers(prelude, RESPONSE_MEMBERS);
      if (!members) throw new JsonScanError('the prelude is not an object');
      const { status, headers } = responseHeadOf(members, this.#isOwnOrigin);
      this.#prelude = null;
      this.#writeHead(status, headers);
    } catch (error) {
      if (!(error instanceof JsonScanError)) throw error;
      this.#refuse(error.message);
    }
  }

  #writeHead(status: number, headers: string[]): void {
    if (!this.#res.destroyed) this.#res.writeHead(status, [...withoutOverridden(headers, this.#extra), ...this.#extra]);
  }

  #refuse(reason: string): void {
    this.#prelude = null;
    this.#refusal = reason;
    answerFailure(this.#res, 'function_error', null, this.#extra);
  }
}
