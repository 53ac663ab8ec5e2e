import type { ReplyStream } from '../../contract/sandbox.ts';
import type { LeaveSignal } from '../../domain/leave-signal.ts';
import type { Isolation, Mode, Trigger } from '../../domain/names.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { InvokeRequest } from '../../invoke/types.ts';
import type { HttpReply } from '../serving/replies/http-reply.ts';
import { whenDrained } from '../serving/replies/when-drained.ts';
import { CallerGone } from './caller-gone.ts';

/**
 * One call over HTTP: the invoke request, and the stream a streaming handler's reply goes to, in one object, because each
 * allocation here is paid on every call. The signal is made only when somebody asks for it, which a warm call never does.
 */
export class HttpCall implements InvokeRequest, ReplyStream {
  readonly id: string;
  readonly target: RunnableRevision;
  readonly mode: Mode = 'sync';
  readonly trigger: Trigger;
  readonly event: Uint8Array;
  readonly traceId: string | null;
  readonly minIsolation: Isolation | null;
  readonly receivedAtMs: number;
  readonly res: HttpReply;
  /** The call itself, unless its listener has another kind of stream. */
  readonly stream: ReplyStream;
  replyRefusal: string | null = null;
  #clientGone: CallerGone | null = null;

  constructor(
    res: HttpReply,
    call: Pick<InvokeRequest, 'id' | 'target' | 'event' | 'traceId' | 'minIsolation' | 'receivedAtMs'>,
    trigger: Trigger = 'api',
    stream: ReplyStream | null = null,
  ) {
    this.res = res;
    this.trigger = trigger;
    this.stream = stream ?? this;
    this.id = call.id;
    this.target = call.target;
    this.event = call.event;
    this.traceId = call.traceId;
    this.minIsolation = call.minIsolation;
    this.receivedAtMs = call.receivedAtMs;
  }

  /** True once the caller has left before the whole reply was handed to its socket. */
  get isGone(): boolean {
    return this.res.destroyed && !this.res.writableFinished;
  }

  get clientGone(): LeaveSignal {
    this.#clientGone ??= new CallerGone(this.res);
    return this.#clientGone;
  }

  head(meta: { contentType: string; httpPrelude: boolean }): void {
    if (this.res.headersSent || this.res.destroyed) return;
    this.res.writeHead(200, [
      'content-type',
      safeContentType(meta.contentType),
      'coldframe-invocation-id',
      this.id,
      'trailer',
      'coldframe-start, coldframe-isolation, coldframe-duration-ms',
      'cache-control',
      'no-store',
      'x-content-type-options',
      'nosniff',
      // A function's stream on the console's origin must never become a page of that origin.
      'content-disposition',
      'attachment',
      'transfer-encoding',
      'chunked',
    ]);
  }

  write(chunk: Uint8Array): boolean {
    return this.res.destroyed ? true : this.res.write(chunk);
  }

  whenDrained(): Promise<void> {
    return whenDrained(this.res);
  }
}

const CONTENT_TYPE = /^[\x20-\x7e]{1,256}$/;

/** The function chooses this text, so it is checked: no control characters reach a header. */
function safeContentType(contentType: string): string {
  return CONTENT_TYPE.test(contentType) ? contentType : 'application/octet-stream';
}
