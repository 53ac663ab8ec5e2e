import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpReply, ReplyEvent } from '../replies/http-reply.ts';
import { httpDate } from './http-date.ts';

/** What every reply says of its connection. */
export interface LaneTerms {
  /** Seconds, as in `keep-alive: timeout=65`. */
  keepAliveSeconds: number;
  /** True when the connection closes after this reply. */
  readonly isLast: boolean;
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * One reply on a lane's connection, written as HTTP/1.1 text: head and body in one write where both are there at once,
 * chunked otherwise. `onEnd` is called once, when the last byte was handed to the socket or the reply was cut.
 */
export class LaneReply implements HttpReply {
  headersSent = false;
  writableFinished = false;
  readonly #socket: Socket;
  readonly #terms: LaneTerms;
  readonly #onEnd: () => void;
  #head = '';
  #isChunked = false;
  #state: 'open' | 'ending' | 'ended' = 'open';
  #trailers = '';
  #closeListeners: (() => void)[] | null = null;

  constructor(socket: Socket, terms: LaneTerms, onEnd: () => void) {
    this.#socket = socket;
    this.#terms = terms;
    this.#onEnd = onEnd;
  }

  get destroyed(): boolean {
    return this.#state === 'ended' || this.#socket.destroyed || !this.#socket.writable;
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  get writableNeedDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  writeHead(status: number, headers: string[]): void {
    if (this.headersSent) throw new Error('the head is written once');
    this.headersSent = true;
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index]!;
      const value = headers[index + 1]!;
      if (!PRINTABLE.test(value)) throw new Error(`header ${name} has a value that no header may have`);
      if (name === 'transfer-encoding') this.#isChunked = true;
      text += `${name}: ${value}\r\n`;
    }
    const keeping = this.#terms.isLast
      ? 'connection: close'
      : `connection: keep-alive\r\nkeep-alive: timeout=${this.#terms.keepAliveSeconds}`;
    this.#head = `${text}date: ${httpDate()}\r\n${keeping}\r\n\r\n`;
    // The reader of a stream is told at once that the stream begins.
    if (this.#isChunked) this.#flushHead();
  }

  write(chunk: Uint8Array): boolean {
    if (this.destroyed || chunk.byteLength === 0) return true;
    this.#socket.cork();
    this.#flushHead();
    if (this.#isChunked) this.#socket.write(`${chunk.byteLength.toString(16)}\r\n`, 'latin1');
    const goesOn = this.#socket.write(chunk);
    const wantsMore = this.#isChunked ? this.#socket.write('\r\n', 'latin1') : goesOn;
    this.#socket.uncork();
    return wantsMore;
  }

  addTrailers(trailers: [string, string][]): void {
    for (const [name, value] of trailers) if (PRINTABLE.test(value)) this.#trailers += `${name}: ${value}\r\n`;
  }

  end(body?: Uint8Array | string, encoding: BufferEncoding = 'utf8'): void {
    if (this.#state !== 'open') return;
    if (this.destroyed) {
      this.#finish(false);
      return;
    }
    this.#state = 'ending';
    const text = typeof body === 'string' && encoding !== 'latin1' ? Buffer.from(body, encoding) : body;
    if (this.#isChunked) {
      if (text !== undefined && typeof text !== 'string') this.write(text);
      this.#socket.write(`0\r\n${this.#trailers}\r\n`, 'latin1');
    } else if (typeof text === 'string') this.#socket.write(this.#takeHead() + text, 'latin1');
    else {
      this.#socket.cork();
      this.#flushHead();
      if (text !== undefined && text.byteLength > 0) this.#socket.write(text);
      this.#socket.uncork();
    }
    if (this.#socket.writableLength === 0) this.#finish(true);
    else this.#socket.write('', () => this.#finish(!this.#socket.destroyed));
  }

  destroy(): void {
    this.#socket.destroy();
    this.#finish(false);
  }

  /** The connection went before the reply was out. */
  abandon(): void {
    this.#finish(false);
  }

  on(event: ReplyEvent, listener: () => void): void {
    if (event === 'drain') this.#socket.on('drain', listener);
    else this.#addCloseListener(listener);
  }

  once(event: ReplyEvent, listener: () => void): void {
    if (event === 'drain') this.#socket.once('drain', listener);
    else this.#addCloseListener(listener);
  }

  off(event: ReplyEvent, listener: () => void): void {
    if (event === 'drain') this.#socket.off('drain', listener);
    else this.#closeListeners = this.#closeListeners?.filter((other) => other !== listener) ?? null;
  }

  #addCloseListener(listener: () => void): void {
    this.#closeListeners ??= [];
    this.#closeListeners.push(listener);
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return head;
  }

  #flushHead(): void {
    const head = this.#takeHead();
    if (head !== '') this.#socket.write(head, 'latin1');
  }

  #finish(isWhole: boolean): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.writableFinished = isWhole;
    const listeners = this.#closeListeners;
    this.#closeListeners = null;
    for (const listener of listeners ?? []) listener();
    this.#onEnd();
  }
}
