import { STATUS_CODES } from 'node:http';
import type { FunctionError } from '../../../domain/invocation.ts';
import { CATALOGUE } from '../../../errors/catalogue.ts';
import type { ColdframeError, ErrorCode, FieldError } from '../../../errors/coldframe-error.ts';

/** RFC 9457 `application/problem+json`, as every refusal and failure of the API leaves the server. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  requestId: string;
  errors: FieldError[];
  error?: FunctionError;
  invocationId?: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** Field errors shown at most. A body with thousands of wrong fields must not make a reply of megabytes. */
const FIELD_ERRORS_MAX = 100;

export interface ProblemOptions {
  requestId: string;
  detail?: string | null;
  errors?: FieldError[];
  error?: FunctionError | null;
  invocationId?: string;
}

export function problemOf(code: ErrorCode, options: ProblemOptions): Problem {
  const entry = CATALOGUE[code];
  const problem: Problem = {
    type: `/errors/${code}`,
    title: entry.title,
    status: entry.status,
    detail: options.detail ?? entry.detail,
    code,
    requestId: options.requestId,
    errors: (options.errors ?? []).slice(0, FIELD_ERRORS_MAX),
  };
  if (options.error) problem.error = options.error;
  if (options.invocationId) problem.invocationId = options.invocationId;
  return problem;
}

export function problemOfError(error: ColdframeError, requestId: string): Problem {
  return problemOf(error.code, { requestId, detail: error.publicMessage, errors: error.errors });
}

/** A whole HTTP/1.1 response, for sockets whose bytes never became a request. */
export function rawProblemResponse(code: ErrorCode, requestId: string): string {
  const problem = problemOf(code, { requestId });
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'x-content-type-options: nosniff',
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
