/**
 * What an answer to a call needs of the response it is written to. A ServerResponse is one; so is the lane's own response.
 * Order: one `writeHead`, any number of `write`, at most one `addTrailers`, one `end`.
 */
export interface HttpReply {
  readonly headersSent: boolean;
  /** True when the connection is gone, or the reply has been cut. */
  readonly destroyed: boolean;
  /** True when all of it has been handed to the socket. */
  readonly writableFinished: boolean;
  /** Bytes that the kernel has not taken yet. */
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  /** Header names and values alternate. */
  writeHead(status: number, headers: string[]): unknown;
  /** False when the reader is behind: go on after `drain`. */
  write(chunk: Uint8Array): boolean;
  end(body?: Uint8Array): unknown;
  end(body: string, encoding: BufferEncoding): unknown;
  addTrailers(trailers: [string, string][]): void;
  /** Cuts the connection, so that nobody takes what was written for the whole reply. */
  destroy(): unknown;
  on(event: ReplyEvent, listener: () => void): unknown;
  once(event: ReplyEvent, listener: () => void): unknown;
  off(event: ReplyEvent, listener: () => void): unknown;
}

/** `close`: it is finished or cut, and nothing follows. */
export type ReplyEvent = 'close' | 'drain';
