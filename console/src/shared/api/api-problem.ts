import type { FunctionError } from '../../../../src/domain/invocation.ts';

export interface FieldProblem {
  path: string;
  message: string;
}

/** A refusal or failure of the API, or that it could not be reached at all (`status` 0, code `unreachable`). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly requestId: string | null;
  readonly fields: readonly FieldProblem[];
  /** What the function itself threw, for failed calls. */
  readonly functionError: FunctionError | null;
  readonly invocationId: string | null;
  /** Method and path of the request. */
  readonly where: string;

  constructor(status: number, body: unknown, where: string) {
    const problem = typeof body === 'object' && body !== null ? (body as Partial<ProblemBody>) : {};
    super(
      problem.detail ?? (status === 0 ? 'The server did not answer.' : `The server answered with status ${status}.`),
    );
    this.name = 'ApiProblem';
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'unreachable' : 'unknown');
    this.title = problem.title ?? (status === 0 ? 'Server unreachable' : 'Request failed');
    this.requestId = problem.requestId ?? null;
    this.fields = problem.errors ?? [];
    this.functionError = problem.error ?? null;
    this.invocationId = problem.invocationId ?? null;
    this.where = where;
  }

  /** Nobody is signed in, or the session has ended. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }
}

interface ProblemBody {
  code: string;
  title: string;
  detail: string;
  requestId: string;
  errors: FieldProblem[];
  error: FunctionError;
  invocationId: string;
}
