import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LIMITS } from '../../domain/limits.ts';
import type { InvokeResult } from '../../invoke/types.ts';
import { HttpCall } from '../calls/http-call.ts';
import type { HttpDeps, UrlTarget } from '../deps.ts';
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
import { corsHeadersOf, isPreflight, preflightHeadersOf } from './cors.ts';
import { type FunctionMatch, FunctionPaths } from './function-paths.ts';
import { answerFailure, answerForbidden, answerNotFound, answerUnknownUrl } from './refusals.ts';
import { urlEvent } from './url-event.ts';
import { writeResult } from './url-reply.ts';
import { UrlStream } from './url-stream.ts';

export type FunctionServerDeps = Pick<HttpDeps, 'config' | 'auth' | 'urls' | 'invoker' | 'newInvocationId' | 'log'>;

export interface FunctionServer {
  server: Server;
  readonly heldBodyBytes: number;
  /** Stops accepting, lets calls in flight finish for `graceMs`, then cuts. */
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
): FunctionServer {
  const paths = new FunctionPaths(deps.urls);
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
    const path = splitTarget(req)?.path;
    if (path === undefined) {
      answerFailure(res, 'bad_http', null);
      return;
    }
    const match = paths.match(req.method ?? 'GET', path);
    if (match === 'unknown url') answerUnknownUrl(res);
    else if (match === 'no route') answerNotFound(res);
    else serve(req, res, match, receivedAtMs);
  }

  function serve(req: IncomingMessage, res: ServerResponse, match: FunctionMatch, receivedAtMs: number): void {
    const { url } = match.found.target.settings;
    if (url.cors && isPreflight(req)) {
      res.writeHead(204, preflightHeadersOf(req, url.cors));
      res.end();
      return;
    }
    if (url.auth === 'key' && !mayCall(req, match.found)) {
      answerForbidden(res);
      return;
    }
    const { functionId } = match.found.target;
    const party: Party = { listener: 'functions', functionId, isTrusted: url.auth === 'key' };
    readBody(req, LIMITS.payloadMaxBytes, budget, party, {
      onBody: (body, held) => call(req, res, match, { body, held, party, receivedAtMs }),
      onRefused: (error) => answerFailure(res, error.code, error.retryAfterSeconds),
      onGone() {},
    });
  }

  function mayCall(req: IncomingMessage, found: UrlTarget): boolean {
    const secret = bearerOf(req.headers.authorization ?? '');
    const principal = secret === null ? null : deps.auth.verifyKey(secret);
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
    const event = urlEvent({ req, match, body: received.body, requestId: id, origin: deps.config.functionOrigin() });
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
    const extraHeaders = [
      'coldframe-invocation-id',
      id,
      ...(target.settings.url.cors ? corsHeadersOf(req, target.settings.url.cors) : []),
    ];
    const traceId = traceIdOf(req);
    const head = { id, target, event, traceId, minIsolation: null, receivedAtMs: received.receivedAtMs };
    const request = new HttpCall(res, head, 'http', new UrlStream(res, extraHeaders));
    deps.invoker.invoke(request, (result) => {
      budget.release(held);
      room?.release();
      budget.resultSeen(target.functionId, result.body?.byteLength ?? 0);
      answer(res, result, request.stream as UrlStream, extraHeaders, party);
    });
  }

  function answer(
    res: ServerResponse,
    result: InvokeResult,
    stream: UrlStream,
    extraHeaders: string[],
    party: Party,
  ): void {
    if (res.destroyed) return;
    if (stream.isUsed) stream.finish(result.outcome === 'ok');
    else if (result.outcome !== 'ok')
      answerFailure(res, result.code ?? 'internal', result.retryAfterSeconds, extraHeaders);
    else writeResult(res, result.body, extraHeaders, budget, party);
  }

  return {
    server,
    get heldBodyBytes() {
      return budget.heldBytes;
    },
    close: (graceMs) => closeGracefully(server, graceMs),
  };
}

const TRACE_ID_MAX_CHARS = 256;

function traceIdOf(req: IncomingMessage): string | null {
  const value = req.headers['x-amzn-trace-id'];
  return typeof value === 'string' && value.length <= TRACE_ID_MAX_CHARS ? value : null;
}
