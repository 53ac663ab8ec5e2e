/** What went wrong between us and the engine; callers branch on the kind, never on a message. */
export const ENGINE_ERROR_KINDS = [
  /** There is no socket at the path: the engine is not installed, or it listens elsewhere. */
  'absent',
  /** Nobody listens on the socket. */
  'not_running',
  /** This user may not open the socket. */
  'no_permission',
  /** The engine speaks only API versions that we do not speak. */
  'unsupported',
  /** The answer was not complete before the deadline. */
  'timeout',
  /** The caller's signal fired. */
  'aborted',
  /** The connection broke before the answer was complete: the call may or may not have been carried out. */
  'lost',
  /** The answer is not what the API promises: bad HTTP, bad JSON, or too large. */
  'invalid_reply',
  /** Too many calls are waiting already. */
  'overloaded',
  'not_found',
  'conflict',
  /** Any other refusal; `status` says which. */
  'refused',
] as const;
export type EngineErrorKind = (typeof ENGINE_ERROR_KINDS)[number];

/** A failed call to the container engine. */
export class EngineError extends Error {
  readonly kind: EngineErrorKind;
  /** HTTP status where the engine answered with one. */
  readonly status: number | null;

  constructor(kind: EngineErrorKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.kind = kind;
    this.status = options.status ?? null;
  }

  /** True when the engine as a whole cannot be reached. False when only this call was refused. */
  get isUnreachable(): boolean {
    return this.kind === 'absent' || this.kind === 'not_running' || this.kind === 'no_permission';
  }
}

const KIND_BY_CODE: Record<string, EngineErrorKind> = {
  ENOENT: 'absent',
  ENOTSOCK: 'absent',
  ENOTDIR: 'absent',
  ECONNREFUSED: 'not_running',
  EACCES: 'no_permission',
  EPERM: 'no_permission',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'invalid_reply',
  UND_ERR_HEADERS_OVERFLOW: 'invalid_reply',
  UND_ERR_DESTROYED: 'lost',
  UND_ERR_CLOSED: 'lost',
};

/** Sorts whatever the HTTP client threw; `call` names the operation in the message. */
export function toEngineError(error: unknown, call: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = codeOf(error);
  const isBadHttp = error instanceof Error && error.name === 'HTTPParserError';
  const kind = KIND_BY_CODE[code] ?? (isBadHttp ? 'invalid_reply' : 'lost');
  const reason = error instanceof Error ? error.message : String(error);
  return new EngineError(kind, `${call}: ${reason}`, { cause: error });
}

/** The error of an answer with a status of 400 or above. */
export function refusal(call: string, status: number, message: string): EngineError {
  const kind = status === 404 ? 'not_found' : status === 409 ? 'conflict' : 'refused';
  return new EngineError(kind, `${call}: ${status} ${message}`, { status });
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
