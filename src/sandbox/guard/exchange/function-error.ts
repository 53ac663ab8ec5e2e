import type { FunctionError } from '../../../domain/invocation.ts';

/** Errors larger than this are not parsed: JSON.parse of megabytes would hold up every other call. */
export const ERROR_BODY_MAX_BYTES = 256 * 1024;
const STACK_LINES_MAX = 200;

/** The error that a shim reports, from hostile bytes. Null when they are no error at all, which is a violation. */
export function parseFunctionError(body: Buffer): FunctionError | null {
  if (body.length > ERROR_BODY_MAX_BYTES) {
    return {
      errorType: 'Runtime.ErrorTooLarge',
      errorMessage: `The function's error has ${body.length} bytes; at most ${ERROR_BODY_MAX_BYTES} are kept.`,
      stackTrace: [],
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { errorType, errorMessage, stackTrace } = value as Record<string, unknown>;
  if (typeof errorType !== 'string' || typeof errorMessage !== 'string') return null;
  if (!Array.isArray(stackTrace) || !stackTrace.every((line) => typeof line === 'string')) return null;
  return { errorType, errorMessage, stackTrace: stackTrace.slice(0, STACK_LINES_MAX) };
}

/** Lambda's words for a load that took too long. */
export function initTimeoutError(initTimeoutMs: number): FunctionError {
  return {
    errorType: 'Runtime.InitTimeout',
    errorMessage: `Init timed out after ${(initTimeoutMs / 1000).toFixed(2)} seconds`,
    stackTrace: [],
  };
}
