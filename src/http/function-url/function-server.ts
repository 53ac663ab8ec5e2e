import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Principal } from '../../auth/principal.ts';
import type { UrlTarget } from '../../catalog/view/catalog-entries.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { InvokeResult } from '../../invoke/types.ts';
import { HttpCall } from '../calls/http-call.ts';
import { traceIdOf } from '../calls/trace-id.ts';
import type { HttpDeps } from '../deps.ts';
import { bearerOf } from '../serving/access.ts';
import { BodyBudget } from '../serving/body/body-budget.ts';
import type { Holding, Party } from '../serving/body/holding.ts';
import { readBody } from '../serving/body/read-body.ts';
import { toColdframeError } from '../serving/problems/error-mapping.ts';
import { answerBrokenHttp } from '../serving/server/broken-http.ts';
import { CONNECTIONS_MAX, capConnections } from '../serving/server/cap-connections.ts';
import { closeGracefully } from '../serving/server/close-gracefully.ts';
import { serverOptions } from '../serving/server/server-options.ts';
import { splitTarget } from '../serving/server/split-target.ts';
import { WrongKeys } from '../serving/wrong-keys.ts';
import { corsHeadersOf, isPreflight, preflightHeadersOf } from './cors.ts';
import { FunctionOrigins } from './function-origins.ts';
import { type FunctionMatch, FunctionPaths } from './function-paths.ts';
import { isPageLoad, isServiceWorkerScript, resolvesLocalNames, SHARED_ORIGIN_HEADERS } from './page-loads.ts';
import {
  answerFailure,
  answerForbidden,
  answerMoved,
  answerNoServiceWorker,
  answerNotFound,
  answerUnknownUrl,
} from './refusals.ts';
import { urlEvent } from './url-event.ts';
import { writeResult } from './url-reply.ts';
import { UrlStream } from './url-stream.ts';

export type FunctionServerDeps = Pick<HttpDeps, 'config' | 'auth' | 'urls' | 'invoker' | 'newInvocationId' | 'log'>;

export interface FunctionServer {
  server: Server;
  readonly heldBodyBytes: number;
  /** Stops accepting. Calls in flight may finish for `graceMs`; then they are cut. */
  close(graceMs: number): Promise<void>;
}

/**
 * The other origin: function URLs and routes over plain HTTP, in Lambda's payload 2.0. What a function says leaves only
 * here, never on the console's origin, and the console's session never enters a function. Both listeners share one budget
 * when main hands it in.
 */
export function createFunctionServer(
  deps: FunctionServerDeps,
  budget: BodyBudget = new BodyBudget(deps.config.bodyBudgetBytes),
  wrongKeys: WrongKeys = new WrongKeys(),
): FunctionServer {
  const paths = new FunctionPaths(deps.urls);
  const origins = new FunctionOrigins({
    functionOrigin: () => deps.config.functionOrigin(),
    functionDomain: deps.config.functionDomain ?? null,
  });
  const server = createServer(serverOptions(deps.config.requestTimeoutMs));
  server.maxHeadersCount = 0;
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    try {
      receive(req, res);
    } catch (error) {
      const known = toColdframeError(error);
      if (known.status >= 500) deps.log.error({ err: error, operation: 'function url' }, 'request failed');
      answerFailure(res, known.code, known.retryAfterSeconds);
    }
  };
  server.on('request', listener);
  capConnections(server, deps.config.connectionsMax ?? CONNECTIONS_MAX, 'functions', deps.log);
  answerBrokenHttp(server, listener);

  function receive(req: IncomingMessage, res: ServerResponse): void {
    const receivedAtMs = performance.now();
    const target = splitTarget(req);
    if (target === null) {
      answerFailure(res, 'bad_http', null);
      return;
    }
    const method = req.method ?? 'GET';
    const ownUrlId = origins.urlIdOfHost(target.host);
    const match = ownUrlId === null ? paths.match(method, target.path) : paths.matchOwn(ownUrlId, method, target.path);
    if (match === 'unknown url') answerUnknownUrl(res);
    else if (match === 'no route') answerNotFound(res);
    else if (match.isOwnOrigin || !keepsOffSharedOrigin(req, res, match, target.host)) {
      serve(req, res, match, receivedAtMs);
    }
  }

  /**
   * What a browser must not do where functions share an origin (decisions/0043): pages are sent on to the function's own origin,
   * and no service worker begins. True when that has answered the request.
   */
  function keepsOffSharedOrigin(
    req: IncomingMessage,
    res: ServerResponse,
    match: FunctionMatch,
    host: string | undefined,
  ): boolean {
    if (isServiceWorkerScript(req)) {
      answerNoServiceWorker(res);
      return true;
    }
    const { urlId, target } = match.found;
    if (!isPageLoad(req) || target.functionSettings.url.auth === 'key' || !origins.areReachableFrom(host)) return false;
    const origin = origins.of(urlId);
    if (origin === null || (deps.config.functionDomain == null && !resolvesLocalNames(req))) return false;
    const query = match.rawQueryString === '' ? '' : `?${match.rawQueryString}`;
    answerMoved(res, `${origin}${match.rawPath}${query}`);
    return true;
  }

  function serve(req: IncomingMessage, res: ServerResponse, match: FunctionMatch, receivedAtMs: number): void {
    const { url } = match.found.target.functionSettings;
    if (url.cors && isPreflight(req)) {
      res.writeHead(204, preflightHeadersOf(req, url.cors));
      res.end();
      return;
    }
    const ownHeaders = headersBesideReply(req, match);
    const caller = url.auth === 'key' ? keyOf(req) : null;
    if (url.auth === 'key' && !mayCall(caller, match.found)) {
      const isWrongKey = caller === null && req.headers.authorization !== undefined;
      if (isWrongKey) void wrongKeys.slow(req.socket).then(() => answerForbidden(res, ownHeaders));
      else answerForbidden(res, ownHeaders);
      return;
    }
    const { functionId } = match.found.target;
    const party: Party = { listener: 'functions', functionId, isTrusted: url.auth === 'key' };
    readBody(req, LIMITS.payloadMaxBytes, budget, party, {
      onBody: (body, held) => call(req, res, match, { body, held, party, receivedAtMs }),
      onRefused: (error) => answerFailure(res, error.code, error.retryAfterSeconds, ownHeaders),
      onGone() {},
    });
  }

  /** Every answer carries them, also a refusal: without its CORS headers a page cannot even read why it was refused. */
  function headersBesideReply(req: IncomingMessage, { found, isOwnOrigin }: FunctionMatch): string[] {
    const { cors } = found.target.functionSettings.url;
    return [...(cors ? corsHeadersOf(req, cors) : []), ...(isOwnOrigin ? [] : SHARED_ORIGIN_HEADERS)];
  }

  function keyOf(req: IncomingMessage): Principal | null {
    const secret = bearerOf(req.headers.authorization ?? '');
    return secret === null ? null : deps.auth.verifyKey(secret);
  }

  function mayCall(principal: Principal | null, found: UrlTarget): boolean {
    if (principal?.workspaceId !== found.target.workspaceId) return false;
    return principal.scopes.includes('invoke') || principal.scopes.includes('admin');
  }

  function call(
    req: IncomingMessage,
    res: ServerResponse,
    match: FunctionMatch,
    received: { body: Buffer; held: number | Holding; party: Party; receivedAtMs: number },
  ): void {
    const id = deps.newInvocationId();
    const { target } = match.found;
    const event = urlEvent({
      req,
      match,
      body: received.body,
      requestId: id,
      origin: deps.config.functionOrigin(),
      hidesAuthorization: target.functionSettings.url.auth === 'key',
      isSecret: (value) => deps.auth.resemblesSecret(value),
    });
    const { held, party } = received;
    const expectedBytes = budget.expectedResultBytes(target.functionId);
    const room = expectedBytes === 0 ? null : budget.keeping(party, expectedBytes);
    const isTooLarge = event.byteLength > LIMITS.payloadMaxBytes;
    if (isTooLarge || (room === null && expectedBytes > 0)) {
      budget.release(held);
      room?.release();
      answerFailure(res, isTooLarge ? 'payload_too_large' : 'overloaded', null);
      return;
    }
    const extraHeaders = ['coldframe-invocation-id', id, ...headersBesideReply(req, match)];
    const traceId = traceIdOf(req.headers['x-amzn-trace-id']);
    const head = { id, target, event, traceId, minIsolation: null, receivedAtMs: received.receivedAtMs };
    const request = new HttpCall(res, head, 'http', new UrlStream(res, extraHeaders, match.isOwnOrigin));
    deps.invoker.invoke(request, (result) => {
      budget.release(held);
      room?.release();
      budget.resultSeen(target.functionId, result.body?.byteLength ?? 0);
      answer(request, result, { extraHeaders, party, isOwnOrigin: match.isOwnOrigin });
    });
  }

  function answer(
    request: HttpCall,
    result: InvokeResult,
    { extraHeaders, party, isOwnOrigin }: { extraHeaders: string[]; party: Party; isOwnOrigin: boolean },
  ): void {
    const res = request.res as ServerResponse;
    const stream = request.stream as UrlStream;
    const onRefused = (reason: string): void => {
      request.replyRefusal = reason;
    };
    if (res.destroyed) return;
    if (stream.isUsed) {
      stream.finish(result.outcome === 'ok');
      if (stream.refusal !== null) onRefused(stream.refusal);
    } else if (result.outcome !== 'ok')
      answerFailure(res, result.code ?? 'internal', result.retryAfterSeconds, extraHeaders);
    else writeResult(res, result.body, { extraHeaders, budget, party, isOwnOrigin, onRefused });
  }

  return {
    server,
    get heldBodyBytes() {
      return budget.heldBytes;
    },
    close: (graceMs) => closeGracefully(server, graceMs),
  };
}
