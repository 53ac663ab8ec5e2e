import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asker } from '../../../domain/asker.ts';
import { CallerGone } from '../../calls/caller-gone.ts';
import { callerOf } from './caller-shares.ts';

/** For whom an operation reads: its key or session, until the connection closes. */
export function askerOf(request: FastifyRequest, reply: FastifyReply): Asker {
  return { caller: callerOf(request.principal), signal: new CallerGone(reply.raw) };
}
