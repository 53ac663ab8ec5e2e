import { CATALOGUE, type CatalogueEntry, type ErrorCode } from './catalogue.ts';

export type { ErrorCode } from './catalogue.ts';

/** One field of a request that is wrong; `path` is a JSON pointer into the body (or `/query/x`, `/headers/x`). */
export interface FieldError {
  path: string;
  message: string;
}

export interface ColdframeErrorOptions {
  /** Replaces the catalogue's detail; shown to callers, so it never holds host paths or internals. */
  publicMessage?: string;
  /** For the server log alone. */
  internalMessage?: string;
  errors?: FieldError[];
  /** Seconds for Retry-After. */
  retryAfterSeconds?: number;
  context?: Record<string, unknown>;
  cause?: unknown;
}

/** The one error base. Only `publicMessage`, `code`, `errors` and `retryAfterSeconds` ever leave the process. */
export class ColdframeError extends Error {
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly errors: FieldError[];
  readonly retryAfterSeconds: number | null;
  readonly context: Record<string, unknown>;

  constructor(code: ErrorCode, options: ColdframeErrorOptions = {}) {
    const entry = CATALOGUE[code];
    super(
      options.internalMessage ?? options.publicMessage ?? entry.detail,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'ColdframeError';
    this.code = code;
    this.publicMessage = options.publicMessage ?? entry.detail;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds ?? (entry.retryable && entry.status !== 500 ? 1 : null);
    this.context = options.context ?? {};
  }

  get entry(): CatalogueEntry {
    return CATALOGUE[this.code];
  }

  get status(): number {
    return CATALOGUE[this.code].status;
  }
}
