import type { FastifyReply, FastifyRequest } from 'fastify';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { LiveEntry, LiveSubscription } from '../../../records/live/live-feed.ts';
import type { HttpDeps } from '../../deps.ts';
import { SseStream } from '../../serving/replies/sse-stream.ts';

const HEARTBEAT_MS = 15_000;

export interface FeedOptions {
  /** When this key ends, the stream ends. Null for a session that was opened by a link. */
  keyId: string | null;
  subscription: LiveSubscription;
  /** How an event of the feed leaves. */
  send(stream: SseStream, entry: LiveEntry): void;
  /** Sends what comes before the feed's first event. */
  before?: (stream: SseStream) => void;
  /** The connection is closed. */
  onClose?: () => void;
}

/** The open event streams of the live feed. They never end by themselves, so a stopping server ends them. */
export class FeedStreams {
  readonly #deps: Pick<HttpDeps, 'live' | 'config'>;
  readonly #open = new Map<SseStream, string | null>();
  #isEnded = false;

  constructor(deps: Pick<HttpDeps, 'live' | 'config'>) {
    this.#deps = deps;
  }

  /** Turns a request into an event stream. Throws `overloaded` when there are too many, `draining` when stopping. */
  open(reply: FastifyReply, options: FeedOptions): void {
    if (this.#isEnded) throw new ColdframeError('draining');
    const backlog: ((stream: SseStream) => void)[] = [];
    let stream: SseStream | null = null;
    const emit = (send: (to: SseStream) => void): void => {
      if (stream) send(stream);
      else backlog.push(send);
    };
    const unsubscribe = this.#deps.live.subscribe(
      options.subscription,
      (entry) => emit((to) => options.send(to, entry)),
      (gap) => emit((to) => to.send('gap', JSON.stringify(gap))),
    );
    if (!unsubscribe) throw new ColdframeError('overloaded', { publicMessage: 'Too many live streams are open.' });
    reply.hijack();
    const opened = new SseStream(reply.raw, this.#deps.config.heartbeatMs ?? HEARTBEAT_MS, () => {
      unsubscribe();
      options.onClose?.();
      this.#open.delete(opened);
    });
    this.#open.set(opened, options.keyId);
    options.before?.(opened);
    for (const send of backlog) send(opened);
    stream = opened;
  }

  /** Ends the streams of whoever listens by that key, whether directly or through a session. */
  endOf(keyId: string): void {
    for (const [stream, of] of this.#open) if (of === keyId) stream.end();
  }

  endAll(): void {
    this.#isEnded = true;
    for (const stream of this.#open.keys()) stream.end();
  }
}

/** The Last-Event-ID header as a number; null when absent. Throws `invalid_request`. */
export function lastEventIdOf(request: FastifyRequest): number | null {
  const value = request.headers['last-event-id'];
  if (value === undefined || value === '') return null;
  if (typeof value === 'string' && /^\d{1,16}$/.test(value)) return Number(value);
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '/headers/last-event-id', message: 'must be an id this server sent' }],
  });
}
