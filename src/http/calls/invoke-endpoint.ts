import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../auth/principal.ts';
import { LIMITS } from '../../domain/limits.ts';
import { ISOLATIONS, type Isolation } from '../../domain/names.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { HttpDeps } from '../deps.ts';
import { type Access, bearerOf, requireScope } from '../serving/access.ts';
import { type BodyBudget, SMALL_BODY_MAX_BYTES } from '../serving/body/body-budget.ts';
import type { Holding, Party } from '../serving/body/holding.ts';
import { readBody } from '../serving/body/read-body.ts';
import type { WholeRequest } from '../serving/lane/whole-request.ts';
import { toColdframeError } from '../serving/problems/error-mapping.ts';
import type { HttpReply } from '../serving/replies/http-reply.ts';
import type { WrongKeys } from '../serving/wrong-keys.ts';
import { type CancelTokens, cancelTokenOf } from './cancel-tokens.ts';
import { HttpCall } from './http-call.ts';
import { traceIdOf } from './trace-id.ts';
import { writeProblem, writeRefusal, writeReply } from './write-reply.ts';

export interface InvokeEndpoint {
  /** Answers `POST /api/v1/functions/{ref}/invoke`. The Host was checked before. Never throws. */
  handle(req: IncomingMessage, res: ServerResponse, ref: string): void;
  /** The same for a request that has been read whole. False, before anything happened, when its key is wrong. Never throws. */
  handleWhole(request: WholeRequest, body: Buffer, res: HttpReply, ref: string): boolean;
}

export interface InvokeEndpointParts {
  deps: HttpDeps;
  access: Access;
  budget: BodyBudget;
  cancelTokens: CancelTokens;
  wrongKeys: WrongKeys;
}

const EMPTY_EVENT = Buffer.from('{}');

interface Head {
  id: string;
  target: RunnableRevision;
  traceId: string | null;
  minIsolation: Isolation | null;
  cancelToken: string | null;
  receivedAtMs: number;
}

/**
 * The lean way of a call: for callers with a key there is no router, no schema and no promise. The event's bytes are
 * not looked at. The shim checks that they are JSON; if they are not, the invoker answers `invalid_json`.
 */
export function createInvokeEndpoint({
  deps,
  access,
  budget,
  cancelTokens,
  wrongKeys,
}: InvokeEndpointParts): InvokeEndpoint {
  const { catalog, invoker } = deps;

  function handle(req: IncomingMessage, res: ServerResponse, ref: string): void {
    const receivedAtMs = performance.now();
    const id = deps.newInvocationId();
    const beginAs = (principal: Principal): void => {
      const head = headOf(req.headers, principal, ref, id, receivedAtMs);
      readBody(req, LIMITS.payloadMaxBytes, budget, partyOf(head.target), {
        onBody: (body, held) => call(res, head, body, held),
        onRefused: (error) => writeRefusal(res, error, id),
        onGone: ignore,
      });
    };
    const refuse = (error: unknown): void => writeRefusal(res, explained(error, id), id);
    let principal: Principal | null;
    try {
      principal = access.byKey(req.headers);
    } catch (error) {
      void wrongKeys.slow(req.socket).then(() => refuse(error));
      return;
    }
    try {
      if (principal) beginAs(principal);
      else access.bySession('POST', req.headers).then(beginAs).catch(refuse);
    } catch (error) {
      refuse(error);
    }
  }

  function handleWhole({ headers, keyMemo }: WholeRequest, body: Buffer, res: HttpReply, ref: string): boolean {
    const receivedAtMs = performance.now();
    const secret = bearerOf(headers.authorization ?? '');
    const principal = secret === null ? null : deps.auth.verifyKey(secret, keyMemo);
    if (principal === null) return false;
    const id = deps.newInvocationId();
    try {
      const head = headOf(headers, principal, ref, id, receivedAtMs);
      call(res, head, body, held(head.target, body.length));
    } catch (error) {
      writeProblem(res, explained(error, id), id);
    }
    return true;
  }

  /** Most events are small, and then a number is enough to hold them. Throws `overloaded`. */
  function held(target: RunnableRevision, bytes: number): number | Holding {
    const taken = bytes > SMALL_BODY_MAX_BYTES ? budget.keeping(partyOf(target), bytes) : budget.reserve(bytes);
    if (taken === null || taken === false) throw new ColdframeError('overloaded');
    return taken === true ? bytes : taken;
  }

  function headOf(
    headers: IncomingHttpHeaders,
    principal: Principal,
    ref: string,
    id: string,
    receivedAtMs: number,
  ): Head {
    requireScope(principal, 'invoke');
    checkContentType(headers);
    const minIsolation = minIsolationOf(headers);
    const cancelToken = cancelTokenOf(headers);
    const target = catalog.resolve(principal.workspaceId, ref);
    return {
      id,
      target,
      traceId: traceIdOf(headers['coldframe-trace'] ?? headers['x-amzn-trace-id']),
      minIsolation,
      cancelToken,
      receivedAtMs,
    };
  }

  function call(res: HttpReply, head: Head, body: Buffer, held: number | Holding): void {
    const { functionId } = head.target;
    const expectedBytes = budget.expectedResultBytes(functionId);
    const room = expectedBytes === 0 ? null : budget.keeping(partyOf(head.target), expectedBytes);
    if (room === null && expectedBytes > 0) {
      budget.release(held);
      writeProblem(res, new ColdframeError('overloaded'), head.id);
      return;
    }
    const request = new HttpCall(res, {
      id: head.id,
      target: head.target,
      event: body.length === 0 ? EMPTY_EVENT : body,
      traceId: head.traceId,
      minIsolation: head.minIsolation,
      receivedAtMs: head.receivedAtMs,
    });
    const { cancelToken } = head;
    const { workspaceId } = head.target;
    if (cancelToken !== null) cancelTokens.begin(workspaceId, cancelToken, head.id);
    invoker.invoke(request, (result) => {
      if (cancelToken !== null) cancelTokens.end(workspaceId, cancelToken, head.id);
      budget.release(held);
      room?.release();
      budget.resultSeen(functionId, result.body?.byteLength ?? 0);
      writeReply(res, result, budget, head.target);
    });
  }

  /** Answers what the caller may know of an error, and logs what only we may know. */
  function explained(error: unknown, id: string): ColdframeError {
    const known = toColdframeError(error);
    if (known.status >= 500) deps.log.error({ err: error, requestId: id, operation: 'invoke' }, 'request failed');
    return known;
  }

  return { handle, handleWhole };
}

/** Callers of this operation have shown a key or a session. */
function partyOf({ functionId }: RunnableRevision): Party {
  return { listener: 'console', functionId, isTrusted: true };
}

function ignore(): void {}

const JSON_TYPE = 'application/json';

/** `application/json` with or without parameters. It may be absent only when the body is empty. */
function checkContentType(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'];
  if (type === JSON_TYPE) return;
  if (type === undefined) {
    const length = headers['content-length'];
    const isEmpty = headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0);
    if (isEmpty) return;
  } else if (type.split(';', 1)[0]?.trim().toLowerCase() === JSON_TYPE) return;
  throw new ColdframeError('unsupported_media_type');
}

function minIsolationOf(headers: IncomingHttpHeaders): Isolation | null {
  const value = headers['coldframe-min-isolation'];
  if (value === undefined) return null;
  if (ISOLATIONS.includes(value as Isolation)) return value as Isolation;
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '/headers/coldframe-min-isolation', message: `must be one of ${ISOLATIONS.join(', ')}` }],
  });
}
