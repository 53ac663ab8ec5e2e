import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS } from '../../domain/limits.ts';
import { ISOLATIONS, type Isolation } from '../../domain/names.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { RunnableRevision } from '../../invoke/types.ts';
import { type Access, requireScope } from '../access.ts';
import type { BodyBudget } from '../body/body-budget.ts';
import { readBody } from '../body/read-body.ts';
import type { HttpDeps, Principal } from '../deps.ts';
import { toColdframeError } from '../problems/error-mapping.ts';
import { HttpCall } from './http-call.ts';
import { writeRefusal, writeReply } from './write-reply.ts';

export interface InvokeEndpoint {
  /** Answers `POST /api/v1/functions/{ref}/invoke`; the Host was checked before. Never throws. */
  handle(req: IncomingMessage, res: ServerResponse, ref: string): void;
}

const EMPTY_EVENT = Buffer.from('{}');

interface Head {
  id: string;
  target: RunnableRevision;
  minIsolation: Isolation | null;
  receivedAtMs: number;
}

/**
 * The lean way of a call: no router, no schema, no promise for callers with a key. The event's bytes are not looked at;
 * whether they are JSON is the shim's to check, which the invoker answers as `invalid_json`.
 */
export function createInvokeEndpoint(deps: HttpDeps, access: Access, budget: BodyBudget): InvokeEndpoint {
  const { catalog, invoker } = deps;

  function handle(req: IncomingMessage, res: ServerResponse, ref: string): void {
    const receivedAtMs = performance.now();
    const id = deps.newInvocationId();
    try {
      const principal = access.byKey(req.headers);
      if (principal) begin(req, res, ref, principal, id, receivedAtMs);
      else beginWithSession(req, res, ref, id, receivedAtMs);
    } catch (error) {
      refuse(res, error, id);
    }
  }

  function beginWithSession(req: IncomingMessage, res: ServerResponse, ref: string, id: string, at: number): void {
    access
      .bySession('POST', req.headers)
      .then((principal) => begin(req, res, ref, principal, id, at))
      .catch((error) => refuse(res, error, id));
  }

  function begin(
    req: IncomingMessage,
    res: ServerResponse,
    ref: string,
    principal: Principal,
    id: string,
    receivedAtMs: number,
  ): void {
    requireScope(principal, 'invoke');
    checkContentType(req);
    const minIsolation = minIsolationOf(req);
    const target = catalog.resolve(principal.workspaceId, ref);
    const head = { id, target, minIsolation, receivedAtMs };
    readBody(req, LIMITS.payloadMaxBytes, budget, {
      onBody: (body, heldBytes) => call(req, res, head, body, heldBytes),
      onRefused: (error) => writeRefusal(res, error, id),
      onGone: ignore,
    });
  }

  function call(req: IncomingMessage, res: ServerResponse, head: Head, body: Buffer, heldBytes: number): void {
    const request = new HttpCall(res, {
      id: head.id,
      target: head.target,
      event: body.length === 0 ? EMPTY_EVENT : body,
      traceId: traceIdOf(req),
      minIsolation: head.minIsolation,
      receivedAtMs: head.receivedAtMs,
    });
    invoker.invoke(request, (result) => {
      budget.release(heldBytes);
      writeReply(res, result, budget);
    });
  }

  function refuse(res: ServerResponse, error: unknown, id: string): void {
    const known = toColdframeError(error);
    if (known.status >= 500) deps.log.error({ err: error, requestId: id, operation: 'invoke' }, 'request failed');
    writeRefusal(res, known, id);
  }

  return { handle };
}

function ignore(): void {}

const JSON_TYPE = 'application/json';

/** `application/json` with or without parameters; absent only with an empty body. */
function checkContentType(req: IncomingMessage): void {
  const type = req.headers['content-type'];
  if (type === JSON_TYPE) return;
  if (type === undefined) {
    const length = req.headers['content-length'];
    const isEmpty = req.headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0);
    if (isEmpty) return;
  } else if (type.split(';', 1)[0]?.trim().toLowerCase() === JSON_TYPE) return;
  throw new ColdframeError('unsupported_media_type');
}

function minIsolationOf(req: IncomingMessage): Isolation | null {
  const value = req.headers['coldframe-min-isolation'];
  if (value === undefined) return null;
  if (ISOLATIONS.includes(value as Isolation)) return value as Isolation;
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '/headers/coldframe-min-isolation', message: `must be one of ${ISOLATIONS.join(', ')}` }],
  });
}

/** X-Ray ids are under 256 bytes; a longer one is a caller's mistake and is not passed on. */
const TRACE_ID_MAX_CHARS = 256;

function traceIdOf(req: IncomingMessage): string | null {
  const value = req.headers['coldframe-trace'] ?? req.headers['x-amzn-trace-id'];
  return typeof value === 'string' && value.length <= TRACE_ID_MAX_CHARS ? value : null;
}
