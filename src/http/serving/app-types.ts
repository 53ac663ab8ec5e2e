import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Principal } from '../../auth/principal.ts';
import type { Scope } from '../../domain/names.ts';

/** The Fastify instance every operation registers itself on; schemas give bodies, queries and replies their types. */
export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Who may call the operation: holders of a scope, holders of any key or session, or anybody. A route that does not
     * say is refused at start.
     */
    access?: Scope | 'authenticated' | 'open';
  }
  interface FastifyRequest {
    /** Set before the handler of every operation that is not open. */
    principal: Principal;
  }
}
