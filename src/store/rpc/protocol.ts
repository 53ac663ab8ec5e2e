import type { ErrorCode } from '../../errors/coldframe-error.ts';

/** What the serving thread and a store worker say to each other over the worker's port. */
export type ToWorker = { kind: 'call'; id: number; method: string; args: unknown[] } | { kind: 'close' };

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'failed'; error: WireError }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: WireError };

/** An error as it crosses the port: only its catalogue code, not its class. */
export interface WireError {
  code: ErrorCode;
  internalMessage: string;
  publicMessage: string | null;
  errors: { path: string; message: string }[];
  context: Record<string, unknown>;
}
