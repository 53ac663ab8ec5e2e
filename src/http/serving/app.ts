import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Principal } from '../../auth/principal.ts';
import { AskerLeft } from '../../domain/asker.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { registerOpenApi } from '../api/pages/open-api.ts';
import { registerRoutes } from '../api/routes.ts';
import type { CancelTokens } from '../calls/cancel-tokens.ts';
import type { InvokeEndpoint } from '../calls/invoke-endpoint.ts';
import type { HttpDeps } from '../deps.ts';
import { type Access, requireScope } from './access.ts';
import type { App } from './app-types.ts';
import type { BodyBudget } from './body/body-budget.ts';
import { createJsonBodyParser } from './body/json-body-parser.ts';
import { keepOpenForUnreadBody } from './body/keep-open-for-unread-body.ts';
import { AllowedMethods } from './problems/allowed-methods.ts';
import { toColdframeError } from './problems/error-mapping.ts';
import { PROBLEM_TYPE, problemOfError } from './problems/problem.ts';
import { createValidatorCompiler } from './problems/validation.ts';
import { HEADER_MAX_BYTES } from './server/server-options.ts';
import type { WrongKeys } from './wrong-keys.ts';

/**
 * Largest body of ordinary operations (settings, keys). Operations with code, events and tries name a bound of their
 * own.
 */
const BODY_LIMIT_BYTES = 256 * 1024;
/** No path is longer than the head of a request. The schema refuses names that are too long, like other wrong names. */
const PARAM_CHARS_MAX = HEADER_MAX_BYTES;

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

export interface AppOptions {
  deps: HttpDeps;
  access: Access;
  budget: BodyBudget;
  endpoint: InvokeEndpoint;
  cancelTokens: CancelTokens;
  wrongKeys: WrongKeys;
  createServer(listener: Listener): Server;
}

/** Fastify with every operation but not yet listening: schemas, access by scope, problems for everything thrown. */
export async function createApp(options: AppOptions): Promise<{ app: App; methods: AllowedMethods }> {
  const { deps, access } = options;
  const app: App = Fastify({
    serverFactory: (listener) => options.createServer(listener),
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: PARAM_CHARS_MAX },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // The server itself answers broken HTTP, in its turn (broken-http.ts). Fastify's own answer would come first.
    clientErrorHandler() {},
    frameworkErrors: (error, request, reply) =>
      sendProblem(deps, error, request as FastifyRequest, reply as FastifyReply),
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setValidatorCompiler(createValidatorCompiler());
  app.setSerializerCompiler(() => JSON.stringify);
  app.removeAllContentTypeParsers();
  const jsonParser = createJsonBodyParser(options.budget);
  app.addContentTypeParser(['application/json', 'application/merge-patch+json'], jsonParser);

  const methods = new AllowedMethods();
  app.decorateRequest('principal', null as unknown as Principal);
  app.addHook('onRoute', (route) => {
    if (!route.config?.access) throw new Error(`${route.method} ${route.url} names no access`);
    methods.add(route.method, route.url);
  });
  app.addHook('onRequest', async (request) => {
    const scope = request.routeOptions.config.access;
    if (request.is404 || scope === 'open' || scope === undefined) return;
    const { raw } = request;
    let byKey: Principal | null;
    try {
      byKey = access.byKey(raw.headers);
    } catch (error) {
      await options.wrongKeys.slow(raw.socket);
      throw error;
    }
    request.principal = byKey ?? (await access.bySession(raw.method ?? 'GET', raw.headers));
    if (scope !== 'authenticated') requireScope(request.principal, scope);
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    // Pages of functions live on another port of the same site. Without this header they could embed these replies.
    reply.header('cross-origin-resource-policy', 'same-origin');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  app.setErrorHandler((error, request, reply) => sendProblem(deps, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.of(request.url);
    if (allowed.length === 0) throw new ColdframeError('not_found');
    reply.header('allow', allowed.join(', '));
    throw new ColdframeError('method_not_allowed', { publicMessage: `This path takes ${allowed.join(', ')}.` });
  });

  await registerOpenApi(app);
  registerRoutes(app, deps, options);
  return { app, methods };
}

function sendProblem(deps: HttpDeps, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toColdframeError(thrown);
  if (error.status >= 500 && !(thrown instanceof AskerLeft)) {
    const operation = `${request.method} ${request.routeOptions?.url ?? ''}`;
    deps.log.error({ err: thrown, requestId: request.id, operation }, 'request failed');
  }
  if (error.retryAfterSeconds !== null) reply.header('retry-after', String(error.retryAfterSeconds));
  if (error.status === 401) reply.header('www-authenticate', 'Bearer');
  // Fastify would cut a client that is still sending its body, so the client would never read the refusal. Node drains
  // the rest.
  reply.removeHeader('connection');
  keepOpenForUnreadBody(reply.raw);
  return (
    reply
      .code(error.status)
      .header('content-type', PROBLEM_TYPE)
      // A buffer, because Fastify adds a charset to text, which problem+json does not define.
      .send(Buffer.from(JSON.stringify(problemOfError(error, request.id))))
  );
}
