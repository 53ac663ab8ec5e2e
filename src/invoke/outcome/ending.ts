import type { BoxExit } from '../../contract/driver.ts';
import type { LoadResult, SandboxReply } from '../../contract/sandbox.ts';
import type { FunctionError } from '../../domain/invocation.ts';
import type { Outcome } from '../../domain/names.ts';
import { signalWords } from '../../domain/signal-words.ts';
import type { ErrorCode } from '../../errors/coldframe-error.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { AcquireFailure } from '../../pool/types.ts';
import type { InvokeRequest } from '../types.ts';

/** How an attempt ended: the value everything after the sandbox works with. */
export interface Ending {
  outcome: Outcome;
  code: ErrorCode | null;
  body: Uint8Array | null;
  streamedBytes: number | null;
  error: FunctionError | null;
  handlerMs: number | null;
  retryAfterSeconds: number | null;
  publicMessage: string | null;
}

const NOTHING: Omit<Ending, 'outcome' | 'code'> = {
  body: null,
  streamedBytes: null,
  error: null,
  handlerMs: null,
  retryAfterSeconds: null,
  publicMessage: null,
};

/**
 * As recorded: a result that its listener could not pass on is the function's error, even when the handler succeeded.
 */
export function refusedEnding(ending: Ending, reason: string | null): Ending {
  if (reason === null || ending.outcome !== 'ok') return ending;
  const error = {
    errorType: 'Runtime.InvalidResponse',
    errorMessage: `The result is no HTTP response: ${reason}.`,
    stackTrace: [],
  };
  return { ...ending, outcome: 'error', code: 'function_error', error };
}

/** Pure: what the sandbox replied, as an ending. Error texts are Lambda's (clients match on them). */
export function endingOfReply(reply: SandboxReply, request: InvokeRequest): Ending {
  switch (reply.kind) {
    case 'result':
      return {
        outcome: 'ok',
        code: null,
        body: reply.body,
        streamedBytes: null,
        error: null,
        handlerMs: reply.handlerMs,
        retryAfterSeconds: null,
        publicMessage: null,
      };
    case 'streamed':
      return { ...NOTHING, outcome: 'ok', code: null, streamedBytes: reply.bytes, handlerMs: reply.handlerMs };
    case 'error':
      return endingOfError(reply.error, reply.handlerMs);
    case 'timeout': {
      const seconds = (request.target.settings.timeoutMs / 1000).toFixed(2);
      return {
        ...NOTHING,
        outcome: 'timeout',
        code: 'function_timeout',
        error: failure('Sandbox.Timedout', request, `Task timed out after ${seconds} seconds`),
      };
    }
    case 'cancelled':
      return { ...NOTHING, outcome: 'cancelled', code: 'invocation_cancelled' };
    case 'resultTooLarge':
      return {
        ...NOTHING,
        outcome: 'error',
        code: 'result_too_large',
        error: {
          errorType: 'Function.ResponseSizeTooLarge',
          errorMessage: `Response payload size (${reply.bytes} bytes) exceeded maximum allowed payload size (6291456 bytes).`,
          stackTrace: [],
        },
      };
    case 'died':
      return endingOfDeath(reply.exit, request);
    case 'protocolViolation':
      return {
        ...NOTHING,
        outcome: 'crashed',
        code: 'protocol_violation',
        error: failure('Sandbox.ProtocolViolation', request, reply.detail),
      };
  }
}

/** Pure: a load that did not succeed, as an ending. */
export function endingOfLoad(result: Exclude<LoadResult, { kind: 'loaded' }>, request: InvokeRequest): Ending {
  if (result.kind === 'died') return endingOfDeath(result.exit, request);
  if (result.kind === 'initTimeout')
    return { ...NOTHING, outcome: 'timeout', code: 'init_timeout', error: result.error };
  return { ...NOTHING, outcome: 'error', code: 'init_error', error: result.error };
}

/** Pure: the pool had no sandbox for the call, as an ending. */
export function endingOfFailure(result: Exclude<AcquireFailure, { kind: 'loadFailed' }>): Ending {
  if (result.kind === 'throttled') return { ...NOTHING, outcome: 'throttled', code: 'throttled', retryAfterSeconds: 1 };
  if (result.kind === 'gone') return { ...NOTHING, outcome: 'cancelled', code: 'invocation_cancelled' };
  const error =
    result.error instanceof ColdframeError
      ? result.error
      : new ColdframeError('sandbox_start_failed', { cause: result.error });
  return {
    ...NOTHING,
    outcome: 'rejected',
    code: error.code,
    retryAfterSeconds: error.retryAfterSeconds,
    publicMessage: error.publicMessage,
  };
}

export const CANCELLED_ENDING: Ending = { ...NOTHING, outcome: 'cancelled', code: 'invocation_cancelled' };

/** The ending of an attempt that was cut short because the server stops. Its invocation goes on elsewhere. */
export const HANDED_BACK_ENDING: Ending = { ...NOTHING, outcome: 'cancelled', code: 'draining' };

function endingOfError(error: FunctionError, handlerMs: number): Ending {
  if (error.errorType === 'Runtime.ExitError')
    return { ...NOTHING, outcome: 'crashed', code: 'sandbox_crashed', error, handlerMs };
  // Any function can throw an error of this name, so the attempt is recorded like every other. No code runs unseen.
  if (error.errorType === 'Runtime.UnmarshalError')
    return { ...NOTHING, outcome: 'error', code: 'invalid_json', error, handlerMs };
  return { ...NOTHING, outcome: 'error', code: 'function_error', error, handlerMs };
}

function endingOfDeath(exit: BoxExit, request: InvokeRequest): Ending {
  if (exit.cause === 'oom') {
    return {
      ...NOTHING,
      outcome: 'oom',
      code: 'function_oom',
      error: failure('Runtime.OutOfMemory', request, 'Runtime exited with error: signal: killed'),
    };
  }
  const detail =
    exit.signal !== null
      ? `Runtime exited with error: signal: ${signalWords(exit.signal)}`
      : exit.exitCode
        ? `Runtime exited with error: exit status ${exit.exitCode}`
        : 'Runtime exited without providing a reason';
  return {
    ...NOTHING,
    outcome: 'crashed',
    code: 'sandbox_crashed',
    error: failure('Runtime.ExitError', request, detail),
  };
}

function failure(errorType: string, request: InvokeRequest, detail: string): FunctionError {
  return { errorType, errorMessage: `RequestId: ${request.id} Error: ${detail}`, stackTrace: [] };
}
