import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MIB } from '../../../domain/limits.ts';
import { ColdframeError, type ErrorCode } from '../../../errors/coldframe-error.ts';
import { writeRefusal } from '../../calls/write-reply.ts';
import { rawProblemResponse } from '../problems/problem.ts';
import { OpenReplies } from './open-replies.ts';

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

/** Larger bodies are refused before `100 Continue`, so that the client never sends them. */
const CONTINUE_MAX_BYTES = 50 * MIB;

/** Requests that are not HTTP, never finish or ask for what we do not speak get a problem too (I7). */
export function answerBrokenHttp(server: Server, listener: Listener): void {
  const replies = new OpenReplies(server);
  const broken = new WeakSet<Socket>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // The rest of a broken client's bytes is not read. It gets one refusal and no more.
    if (broken.has(socket) || error.code === 'ECONNRESET' || !socket.writable) {
      if (!broken.has(socket) || error.code === 'ECONNRESET') socket.destroy();
      return;
    }
    broken.add(socket);
    refuseLast(replies, socket, codeOf(error));
  });
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    if (Number(req.headers['content-length'] ?? 0) <= CONTINUE_MAX_BYTES) res.writeContinue();
    listener(req, res);
  });
  server.on('checkExpectation', (_req: IncomingMessage, res: ServerResponse) => {
    writeRefusal(res, new ColdframeError('bad_http'), randomUUID());
  });
  server.on('connect', (_req: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(rawProblemResponse('method_not_allowed', randomUUID()), () => socket.destroy());
  });
}

/**
 * Refuses a broken request in its turn: whole requests before it are answered first. When the broken request is one
 * whose reply has begun, nothing can be said inside that reply, so the connection is cut.
 */
function refuseLast(replies: OpenReplies, socket: Socket, code: ErrorCode): void {
  const open = [...replies.of(socket)];
  const last = open.at(-1);
  const isLastBroken = last !== undefined && !last.req.complete;
  const before = isLastBroken ? open.slice(0, -1) : open;
  replies.whenEnded(before, () => {
    if (socket.destroyed) return;
    if (isLastBroken && last.res.headersSent) socket.destroy();
    else socket.end(rawProblemResponse(code, randomUUID()), () => socket.destroy());
  });
}

function codeOf(error: NodeJS.ErrnoException): ErrorCode {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'header_too_large';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return 'bad_http';
}
