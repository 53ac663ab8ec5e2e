import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../../auth/principal.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { LiveEntry, LiveSubscription } from '../../../records/live/live-feed.ts';
import type { HttpDeps } from '../../deps.ts';
import { SseStream } from '../../serving/replies/sse-stream.ts';
import { CallerShares } from '../../serving/shares/caller-shares.ts';

const HEARTBEAT_MS = 15_000;
/** As many as the feed takes listeners. */
const STREAMS_MAX = 200;
/** A fifth: whoever holds one key never keeps the others from watching. */
const STREAMS_EACH_MAX = 40;

export interface FeedOptions {
  /** Whose stream it is: it ends with the key or session, and counts against the key's share. */
  principal: Principal;
  subscription: LiveSubscription;
  /** How an event of the feed leaves. */
  send(stream: SseStream, entry: LiveEntry): void;
  /** Sends what comes before the feed's first event. */
  before?: (stream: SseStream) => void;
  /** The connection is closed. */
  onClose?: () => void;
}

type FeedDeps = Pick<HttpDeps, 'live' | 'config' | 'auth'>;

/**
 * The event streams that are open on the live feed. None outlives the key or session that opened it: all are looked at when one
 * of those has gone, and each at its heartbeat, since expiry is told by nobody. A stopping server ends them.
 */
export class FeedStreams {
  readonly #deps: FeedDeps;
  readonly #open = new Map<SseStream, Principal>();
  readonly #shares = new CallerShares({ what: 'live streams', total: STREAMS_MAX, each: STREAMS_EACH_MAX });
  readonly #stopListening: () => void;
  #isEnded = false;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#stopListening = deps.auth.onEnded(() => {
      for (const [stream, principal] of this.#open) if (!deps.auth.isGood(principal)) stream.end();
    });
  }

  /** Turns a request into an event stream. Throws `overloaded` when there are too many, `draining` when stopping. */
  open(reply: FastifyReply, options: FeedOptions): void {
    if (this.#isEnded) throw new ColdframeError('draining');
    const { principal } = options;
    if (reply.raw.destroyed) {
      // The client left while its request was being prepared; its close was told already, so nothing would ever end the stream.
      reply.hijack();
      return;
    }
    const leave = this.#shares.enter(principal);
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
    if (!unsubscribe) {
      leave();
      throw new ColdframeError('overloaded', {
        publicMessage: 'Too many live streams are open. Close some, then try again.',
      });
    }
    reply.hijack();
    const opened = new SseStream(reply.raw, {
      heartbeatMs: this.#deps.config.heartbeatMs ?? HEARTBEAT_MS,
      mayGoOn: () => this.#deps.auth.isGood(principal),
      onClose: () => {
        unsubscribe();
        leave();
        options.onClose?.();
        this.#open.delete(opened);
      },
    });
    this.#open.set(opened, principal);
    options.before?.(opened);
    for (const send of backlog) send(opened);
    stream = opened;
  }

  endAll(): void {
    this.#isEnded = true;
    this.#stopListening();
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
