import type { ServerResponse } from 'node:http';

/**
 * A reader that is further behind than this, in bytes, is dropped. It reconnects and resumes from the feed's own
 * buffer.
 */
const BACKLOG_MAX_BYTES = 1024 * 1024;

export interface SseOptions {
  heartbeatMs: number;
  /** Asked at each heartbeat; false ends the stream. */
  mayGoOn(): boolean;
  onClose(): void;
}

/** One server-sent event stream: ids, a heartbeat, and slow readers dropped rather than buffered (I10). */
export class SseStream {
  readonly #res: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(res: ServerResponse, { heartbeatMs, mayGoOn, onClose }: SseOptions) {
    this.#res = res;
    res.writeHead(200, [
      'content-type',
      'text/event-stream; charset=utf-8',
      'cache-control',
      'no-store',
      'x-content-type-options',
      'nosniff',
      // Reverse proxies must not gather the stream.
      'x-accel-buffering',
      'no',
    ]);
    res.write(':ok\n\n');
    this.#heartbeat = setInterval(() => {
      if (mayGoOn()) this.#write(':\n\n');
      else this.end();
    }, heartbeatMs);
    res.once('close', () => {
      clearInterval(this.#heartbeat);
      onClose();
    });
  }

  /** `data` is one line of JSON. */
  send(event: string, data: string, id: number | null = null): void {
    const idLine = id === null ? '' : `id: ${id}\n`;
    this.#write(`${idLine}event: ${event}\ndata: ${data}\n\n`);
  }

  end(): void {
    if (!this.#res.writableEnded) this.#res.end();
  }

  #write(text: string): void {
    if (this.#res.destroyed || this.#res.writableEnded) return;
    if (this.#res.writableLength > BACKLOG_MAX_BYTES) this.#res.destroy();
    else this.#res.write(text);
  }
}
