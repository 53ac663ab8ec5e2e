/** What went wrong between us and one Firecracker process; callers branch on the kind, never on a message. */
export const FIRECRACKER_ERROR_KINDS = [
  /** Nothing listens at the socket: the process has not made it yet, or has gone. */
  'absent',
  /** This user may not open the socket. */
  'no_permission',
  /** The answer was not complete before the deadline. */
  'timeout',
  /** The caller's signal fired. */
  'aborted',
  /** The connection broke before the answer was complete: the call may or may not have been carried out. */
  'lost',
  /** An answer that is not what the API promises. */
  'invalid_reply',
  /** Firecracker said no; `status` and the message say why. */
  'refused',
] as const;
export type FirecrackerErrorKind = (typeof FIRECRACKER_ERROR_KINDS)[number];

/** A failed call to a Firecracker process. */
export class FirecrackerError extends Error {
  readonly kind: FirecrackerErrorKind;
  /** HTTP status where there was one. */
  readonly status: number | null;

  constructor(kind: FirecrackerErrorKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FirecrackerError';
    this.kind = kind;
    this.status = options.status ?? null;
  }
}

const KIND_BY_CODE: Record<string, FirecrackerErrorKind> = {
  ENOENT: 'absent',
  ECONNREFUSED: 'absent',
  ENOTSOCK: 'absent',
  ENOTDIR: 'absent',
  EACCES: 'no_permission',
  EPERM: 'no_permission',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'invalid_reply',
  UND_ERR_HEADERS_OVERFLOW: 'invalid_reply',
};

/** Sorts whatever the HTTP client threw; `call` names the operation in the message. */
export function toFirecrackerError(error: unknown, call: string): FirecrackerError {
  if (error instanceof FirecrackerError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isBadHttp = error instanceof Error && error.name === 'HTTPParserError';
  const kind = KIND_BY_CODE[code] ?? (isBadHttp ? 'invalid_reply' : 'lost');
  return new FirecrackerError(kind, `${call}: ${error instanceof Error ? error.message : error}`, { cause: error });
}
