import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** One request of a connection that has not been answered whole. */
export interface OpenReply {
  req: IncomingMessage;
  res: ServerResponse;
}

/**
 * Which requests of a connection still wait for the end of their answer, the oldest first. Clients may send several before they
 * read (pipelining), so what goes wrong with the newest must not be answered in place of an older one.
 */
export class OpenReplies {
  readonly #bySocket = new WeakMap<Socket, OpenReply[]>();

  constructor(server: Server) {
    const note = (req: IncomingMessage, res: ServerResponse): void => this.#note(req, res);
    for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, note);
  }

  of(socket: Socket): readonly OpenReply[] {
    return this.#bySocket.get(socket) ?? [];
  }

  /** Calls back once when every reply in `open` has ended or its connection is gone; at once when there is none. */
  whenEnded(open: readonly OpenReply[], then: () => void): void {
    let left = open.length;
    if (left === 0) then();
    for (const { res } of open) {
      res.once('close', () => {
        left -= 1;
        if (left === 0) then();
      });
    }
  }

  #note(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const open = this.#bySocket.get(socket) ?? [];
    const entry = { req, res };
    open.push(entry);
    this.#bySocket.set(socket, open);
    res.once('close', () => open.splice(open.indexOf(entry), 1));
  }
}
