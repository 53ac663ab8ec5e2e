import type { ServerResponse } from 'node:http';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { ColdframeError } from '../../errors/coldframe-error.ts';
import type { InvokeResult } from '../../invoke/types.ts';
import type { BodyBudget } from '../serving/body/body-budget.ts';
import type { Party } from '../serving/body/holding.ts';
import { keepOpenForUnreadBody } from '../serving/body/keep-open-for-unread-body.ts';
import { PROBLEM_TYPE, problemOf, problemOfError } from '../serving/problems/problem.ts';
import type { HttpReply } from '../serving/replies/http-reply.ts';

/** A smaller result leaves with the socket's own buffer and is not worth a listener. */
const COUNTED_RESULT_MIN_BYTES = 64 * 1024;

/** Up to this size one copy costs less than a vectored write. */
const JOINED_RESULT_MAX_BYTES = 16 * 1024;

const NULL_RESULT = Buffer.from('null');

/** Answers one call with what became of it. */
export function writeReply(
  res: HttpReply,
  result: InvokeResult,
  budget: BodyBudget,
  { functionId }: Pick<RunnableRevision, 'functionId'>,
): void {
  if (result.streamed || res.headersSent) {
    endStream(res, result);
    return;
  }
  if (res.destroyed) return;
  if (result.outcome !== 'ok') {
    writeFailure(res, result);
    return;
  }
  const body = result.body ?? NULL_RESULT;
  res.writeHead(200, [
    'content-type',
    'application/json',
    'content-length',
    String(body.byteLength),
    'coldframe-invocation-id',
    result.id,
    'coldframe-start',
    result.start ?? '',
    'coldframe-isolation',
    result.isolation ?? '',
    'coldframe-duration-ms',
    milliseconds(result.durationMs),
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
  ]);
  if (body.byteLength <= JOINED_RESULT_MAX_BYTES) {
    // As latin1 text the bytes do not change, and Node sends head and body in one write instead of a vector of two.
    res.end(asBuffer(body).toString('latin1'), 'latin1');
    return;
  }
  res.end(body);
  if (body.byteLength >= COUNTED_RESULT_MIN_BYTES && res.writableLength > 0) {
    const party: Party = { listener: 'console', functionId, isTrusted: true };
    holdUntilRead(res, body.byteLength, budget, party);
  }
}

/** The result counts until its reader has taken it. A reader that takes too little is cut. */
export function holdUntilRead(res: HttpReply, bytes: number, budget: BodyBudget, party: Party): void {
  const holding = budget.leaving(
    party,
    bytes,
    () => Math.min(bytes, res.writableLength),
    () => res.destroy(),
  );
  res.once('close', () => holding.release());
}

/** A refusal before the call began. The request's body may not have been read. */
export function writeRefusal(res: ServerResponse, error: ColdframeError, requestId: string): void {
  if (!res.headersSent && !res.destroyed) keepOpenForUnreadBody(res);
  writeProblem(res, error, requestId);
}

/** The same for a request that was read whole. */
export function writeProblem(res: HttpReply, error: ColdframeError, requestId: string): void {
  if (res.headersSent || res.destroyed) return;
  const problem = problemOfError(error, requestId);
  const headers = ['content-type', PROBLEM_TYPE, 'cache-control', 'no-store', 'x-content-type-options', 'nosniff'];
  if (error.retryAfterSeconds !== null) headers.push('retry-after', String(error.retryAfterSeconds));
  if (problem.status === 401) headers.push('www-authenticate', 'Bearer');
  end(res, problem.status, headers, JSON.stringify(problem));
}

function writeFailure(res: HttpReply, result: InvokeResult): void {
  const problem = problemOf(result.code ?? 'internal', {
    requestId: result.id,
    detail: result.publicMessage,
    error: result.error,
    invocationId: result.id,
  });
  const headers = ['content-type', PROBLEM_TYPE, 'coldframe-invocation-id', result.id];
  if (result.start) headers.push('coldframe-start', result.start);
  if (result.isolation) headers.push('coldframe-isolation', result.isolation);
  headers.push('coldframe-duration-ms', milliseconds(result.durationMs), 'cache-control', 'no-store');
  headers.push('x-content-type-options', 'nosniff');
  if (result.retryAfterSeconds !== null) headers.push('retry-after', String(result.retryAfterSeconds));
  end(res, problem.status, headers, JSON.stringify(problem));
}

function end(res: HttpReply, status: number, headers: string[], body: string): void {
  headers.push('content-length', String(Buffer.byteLength(body)));
  res.writeHead(status, headers);
  res.end(body, 'utf8');
}

/** A stream that failed on its way is cut, so that no client takes half of it for the whole. */
function endStream(res: HttpReply, result: InvokeResult): void {
  if (res.destroyed) return;
  if (result.outcome !== 'ok') {
    res.destroy();
    return;
  }
  res.addTrailers([
    ['coldframe-start', result.start ?? ''],
    ['coldframe-isolation', result.isolation ?? ''],
    ['coldframe-duration-ms', milliseconds(result.durationMs)],
  ]);
  res.end();
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function milliseconds(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
