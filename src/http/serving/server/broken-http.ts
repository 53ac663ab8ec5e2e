import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MIB } from '../../../domain/limits.ts';
import { ColdframeError, type ErrorCode } from '../../../errors/coldframe-error.ts';
import { writeRefusal } from '../../calls/write-reply.ts';
import { rawProblemResponse } from '../problems/problem.ts';

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

/** Refusals of larger bodies come before `100 Continue`, so that the client never sends them. */
const CONTINUE_MAX_BYTES = 50 * MIB;

/** Requests that are not HTTP, never finish or ask for what we do not speak get a problem too (I7). */
export function answerBrokenHttp(server: Server, listener: Listener): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (isAnswered(socket)) socket.destroy();
    else socket.end(rawProblemResponse(codeOf(error), randomUUID()), () => socket.destroy());
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

/** Writing now would land inside a reply that has begun, or before one that is due to an earlier request. */
function isAnswered(socket: Socket & { _httpMessage?: ServerResponse }): boolean {
  return !socket.writable || socket._httpMessage?.headersSent === true;
}

function codeOf(error: NodeJS.ErrnoException): ErrorCode {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'header_too_large';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return 'bad_http';
}
