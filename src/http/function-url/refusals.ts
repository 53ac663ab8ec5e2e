import type { ServerResponse } from 'node:http';
import { CATALOGUE, type ErrorCode } from '../../errors/catalogue.ts';
import { keepOpenForUnreadBody } from '../serving/body/keep-open-for-unread-body.ts';

const FORBIDDEN =
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

/** The caller has no key of scope invoke. The words are Lambda's own, which its clients know. */
export function answerForbidden(res: ServerResponse, extra: string[]): void {
  answerJson(res, 403, { Message: FORBIDDEN }, ['x-amzn-errortype', 'AccessDeniedException', ...extra]);
}

/** The answer for an unknown url id tells nothing, not even that it is unknown. */
export function answerUnknownUrl(res: ServerResponse): void {
  answerJson(res, 403, { Message: null }, ['x-amzn-errortype', 'AccessDeniedException']);
}

/** A page belongs on the function's own origin; the browser asks there again, with the same method. */
export function answerMoved(res: ServerResponse, location: string): void {
  answer(res, 307, 'text/plain', 'This page has an origin of its own.', [
    'location',
    location,
    'cache-control',
    'no-store',
    'vary',
    'Sec-Fetch-Mode, User-Agent',
  ]);
}

/** A service worker here would answer for the pages of every function. */
export function answerNoServiceWorker(res: ServerResponse): void {
  const Message =
    'Functions share this origin, so none may have a service worker here. Open the function by its pageUrl.';
  answerJson(res, 403, { Message });
}

export function answerNotFound(res: ServerResponse): void {
  answerJson(res, 404, { message: 'Not Found' });
}

/** Refused or failed calls. Whatever the function did is a bare 502: visitors learn no more. */
export function answerFailure(
  res: ServerResponse,
  code: ErrorCode,
  retryAfterSeconds: number | null,
  extra: string[] = [],
): void {
  if (res.headersSent || res.destroyed) return;
  const { causedBy, status, title } = CATALOGUE[code];
  const headers = retryAfterSeconds === null ? extra : [...extra, 'retry-after', String(retryAfterSeconds)];
  if (causedBy === 'function' || status === 499) {
    answerText(res, 502, 'Internal Server Error', headers);
  } else if (status === 429) answerJson(res, 429, { Message: 'Rate Exceeded.' }, headers);
  else if (status === 500) answerText(res, 500, 'Internal Server Error', headers);
  else answerJson(res, status, { Message: title }, headers);
}

function answerJson(res: ServerResponse, status: number, body: object, extra: string[] = []): void {
  answer(res, status, 'application/json', JSON.stringify(body), extra);
}

function answerText(res: ServerResponse, status: number, body: string, extra: string[]): void {
  answer(res, status, 'text/plain', body, extra);
}

function answer(res: ServerResponse, status: number, type: string, body: string, extra: string[]): void {
  keepOpenForUnreadBody(res);
  res.writeHead(status, ['content-type', type, 'content-length', String(Buffer.byteLength(body)), ...extra]);
  res.end(body);
}
