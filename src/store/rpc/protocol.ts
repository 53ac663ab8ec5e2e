import type { ErrorCode } from '../../errors/coldframe-error.ts';

/**
 * What the serving thread and a store worker say to each other over the worker's port. `deadlineMs` is on the clock of
 * `monotonicMs`: what has not begun by then is not begun, since nobody waits for it any more.
 */
export type ToWorker =
  | { kind: 'call'; id: number; method: string; args: unknown[]; deadlineMs: number; caller: string }
  /** Whoever made this call waits no longer. */
  | { kind: 'leave'; id: number }
  | { kind: 'close' };

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

/** A clock that all threads of the process share and nobody can set. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
