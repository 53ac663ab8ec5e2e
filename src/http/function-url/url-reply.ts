import type { ServerResponse } from 'node:http';
import { holdUntilRead } from '../calls/write-reply.ts';
import type { BodyBudget } from '../serving/body/body-budget.ts';
import type { Party } from '../serving/body/holding.ts';
import { withoutOverridden } from './cors.ts';
import { answerFailure } from './refusals.ts';
import { urlResponseOf } from './url-response.ts';

const COUNTED_BODY_MIN_BYTES = 64 * 1024;

/** Statuses that carry no body. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

export interface UrlReplyOptions {
  extraHeaders: string[];
  budget: BodyBudget;
  party: Party;
  isOwnOrigin: boolean;
  /** Is told why a result is no response. The function's author finds the reason with the invocation. */
  onRefused(reason: string): void;
}

/** Answers with what the function returned. When the result is no response, the visitor gets a 502 without detail. */
export function writeResult(res: ServerResponse, result: Uint8Array | null, options: UrlReplyOptions): void {
  const { extraHeaders, budget, party, isOwnOrigin } = options;
  const response = urlResponseOf(result, isOwnOrigin);
  if ('refusal' in response) {
    options.onRefused(response.refusal);
    answerFailure(res, 'function_error', null, extraHeaders);
    return;
  }
  const { status, body } = response;
  const headers = [...withoutOverridden(response.headers, extraHeaders), ...extraHeaders];
  if (isBodiless(status)) {
    res.writeHead(status, headers);
    res.end();
    return;
  }
  headers.push('content-length', String(body.length));
  res.writeHead(status, headers);
  res.end(body);
  if (body.length >= COUNTED_BODY_MIN_BYTES && res.writableLength > 0) holdUntilRead(res, body.length, budget, party);
}
