import type { Socket } from 'node:net';
import { LaneReply, type LaneTerms } from './lane-reply.ts';
import { readWholeRequest, type WholeRequest } from './whole-request.ts';

/** Serves the request. Returns false, before anything has happened, when node:http must serve it. */
export type LaneHandler = (request: WholeRequest, body: Buffer, reply: LaneReply) => boolean;

export interface LaneOptions extends LaneTerms {
  handler: LaneHandler;
  /** Gives the connection to node:http, which reads `bytes` first. */
  handOver(socket: Socket, bytes: Buffer[]): void;
  /** The connection has left the lane, for whatever reason. */
  onLeft(connection: LaneConnection): void;
}

/**
 * One connection in the lane: `idle` until a chunk comes, `answering` one request at a time, `left` once it has closed or
 * gone to node:http. A chunk that comes while answering waits, and reading stops: it is node:http's when the answer is out.
 */
export class LaneConnection {
  readonly #socket: Socket;
  readonly #options: LaneOptions;
  #state: 'idle' | 'answering' | 'left' = 'idle';
  #last: WholeRequest | null = null;
  #reply: LaneReply | null = null;
  #early: Buffer[] = [];
  #hasEnded = false;

  constructor(socket: Socket, options: LaneOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setTimeout(options.keepAliveSeconds * 1000);
    socket.on('data', this.#onData);
    socket.on('end', this.#onPeerEnd);
    socket.on('timeout', this.#onTimeout);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === 'answering') {
      this.#early.push(chunk);
      this.#socket.pause();
      return;
    }
    const request = readWholeRequest(chunk, this.#last);
    if (request === null) {
      this.#leaveFor([chunk]);
      return;
    }
    this.#last = request;
    this.#state = 'answering';
    const reply = new LaneReply(this.#socket, this.#options, this.#onAnswered);
    this.#reply = reply;
    if (!this.#options.handler(request, chunk.subarray(request.bodyAt), reply)) {
      this.#reply = null;
      this.#leaveFor([chunk]);
    }
  };

  readonly #onAnswered = (): void => {
    this.#reply = null;
    if (this.#state !== 'answering') return;
    this.#state = 'idle';
    if (this.#options.isLast || this.#hasEnded) this.#socket.end();
    else if (this.#early.length > 0) this.#leaveFor(this.#early.splice(0));
  };

  /** As on node:http, a client that closes its side has left. */
  readonly #onPeerEnd = (): void => {
    this.#hasEnded = true;
    this.#socket.end();
    this.#reply?.abandon();
  };

  readonly #onTimeout = (): void => {
    if (this.#state === 'idle') this.#socket.destroy();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    if (this.#state === 'left') return;
    this.#state = 'left';
    this.#options.onLeft(this);
    this.#reply?.abandon();
  };

  #leaveFor(bytes: Buffer[]): void {
    this.#state = 'left';
    this.#options.onLeft(this);
    const socket = this.#socket;
    socket.setTimeout(0);
    socket.off('data', this.#onData);
    socket.off('end', this.#onPeerEnd);
    socket.off('timeout', this.#onTimeout);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    this.#options.handOver(socket, bytes);
  }
}
