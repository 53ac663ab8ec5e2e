import type { FastifyReply } from 'fastify';

/** Sends JSON that is text already, so that bytes from functions reach the caller as they are. */
export function sendJsonText(reply: Pick<FastifyReply, 'type'>, text: string): FastifyReply {
  return reply.type('application/json').send(text);
}
