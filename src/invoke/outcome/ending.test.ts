import { describe, expect, test } from 'vitest';
import type { BoxExit } from '../../contract/driver.ts';
import type { LoadResult, SandboxReply } from '../../contract/sandbox.ts';
import { CATALOGUE } from '../../errors/catalogue.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { revisionOf } from '../../pool/testing/pool-testbed.ts';
import type { AcquireFailure } from '../../pool/types.ts';
import type { InvokeRequest } from '../types.ts';
import { endingOfFailure, endingOfLoad, endingOfReply } from './ending.ts';

const request = { id: 'r1', target: revisionOf('a', 'a1', { timeoutMs: 2_500 }) } as InvokeRequest;
const error = { errorType: 'TypeError', errorMessage: 'x', stackTrace: [] };
const logs = { lines: [], truncated: false };
const named = (errorType: string) => ({ ...error, errorType });
const exit = (cause: BoxExit['cause'], exitCode: number | null = null, signal: string | null = null): BoxExit => ({
  cause,
  exitCode,
  signal,
});
const failed = (errorType: string): SandboxReply => ({
  kind: 'error',
  error: named(errorType),
  body: new Uint8Array(),
  handlerMs: 2,
});
const died = (of: BoxExit): SandboxReply => ({ kind: 'died', exit: of, dispatched: true });

describe('what a sandbox replied', () => {
  test.each<[SandboxReply, string, string | null, string | null]>([
    [{ kind: 'result', body: Buffer.from('1'), handlerMs: 1 }, 'ok', null, null],
    [{ kind: 'streamed', bytes: 3, handlerMs: 1 }, 'ok', null, null],
    [failed('TypeError'), 'error', 'function_error', 'TypeError'],
    [failed('Runtime.ExitError'), 'crashed', 'sandbox_crashed', 'Runtime.ExitError'],
    [failed('Runtime.UnmarshalError'), 'error', 'invalid_json', 'Runtime.UnmarshalError'],
    [{ kind: 'timeout' }, 'timeout', 'function_timeout', 'Sandbox.Timedout'],
    [{ kind: 'cancelled' }, 'cancelled', 'invocation_cancelled', null],
    [{ kind: 'resultTooLarge', bytes: 7 }, 'error', 'result_too_large', 'Function.ResponseSizeTooLarge'],
    [died(exit('oom')), 'oom', 'function_oom', 'Runtime.OutOfMemory'],
    [died(exit('exit', 3)), 'crashed', 'sandbox_crashed', 'Runtime.ExitError'],
    [{ kind: 'protocolViolation', detail: 'd' }, 'crashed', 'protocol_violation', 'Sandbox.ProtocolViolation'],
  ])('%o is %s %s', (reply, outcome, code, errorType) => {
    const ending = endingOfReply(reply, request);
    expect([ending.outcome, ending.code, ending.error?.errorType ?? null]).toEqual([outcome, code, errorType]);
    if (code !== null) expect(CATALOGUE).toHaveProperty(code);
  });

  test.each([
    [died(exit('exit', 3)), 'RequestId: r1 Error: Runtime exited with error: exit status 3'],
    [died(exit('exit', 0)), 'RequestId: r1 Error: Runtime exited without providing a reason'],
    [
      died(exit('signal', null, 'SIGSEGV')),
      'RequestId: r1 Error: Runtime exited with error: signal: segmentation fault',
    ],
    [died(exit('oom')), 'RequestId: r1 Error: Runtime exited with error: signal: killed'],
    [{ kind: 'timeout' } as const, 'RequestId: r1 Error: Task timed out after 2.50 seconds'],
  ])('%o speaks in Lambda’s words', (reply, errorMessage) => {
    expect(endingOfReply(reply, request).error).toEqual({ ...error, errorType: expect.any(String), errorMessage });
  });
});

describe('what never reached a handler', () => {
  test.each<[Exclude<LoadResult, { kind: 'loaded' }>, string, string]>([
    [{ kind: 'loadError', error, importMs: 1, logs }, 'error', 'init_error'],
    [{ kind: 'initTimeout', error, logs }, 'timeout', 'init_timeout'],
    [{ kind: 'died', exit: exit('exit', 1), logs }, 'crashed', 'sandbox_crashed'],
    [{ kind: 'died', exit: exit('oom'), logs }, 'oom', 'function_oom'],
  ])('a load: %o is %s %s', (result, outcome, code) => {
    expect(endingOfLoad(result, request)).toMatchObject({ outcome, code, error: expect.anything(), body: null });
  });

  test.each<[Exclude<AcquireFailure, { kind: 'loadFailed' }>, string, string, number | null]>([
    [{ kind: 'throttled', reason: 'queue_full', queueMs: 0 }, 'throttled', 'throttled', 1],
    [{ kind: 'gone' }, 'cancelled', 'invocation_cancelled', null],
    [
      { kind: 'platform', error: new ColdframeError('isolation_preparing'), queueMs: 0 },
      'rejected',
      'isolation_preparing',
      1,
    ],
    [{ kind: 'platform', error: new Error('/srv/x'), queueMs: 0 }, 'rejected', 'sandbox_start_failed', 1],
  ])('the pool: %o is %s %s', (failure, outcome, code, retryAfterSeconds) => {
    expect(endingOfFailure(failure)).toMatchObject({ outcome, code, retryAfterSeconds });
  });

  test('I7: an unknown failure of ours shows the catalogue’s words and nothing of its cause', () => {
    const failure = { kind: 'platform', error: new Error('ENOENT /srv/secret'), queueMs: 0 } as const;
    expect(endingOfFailure(failure).publicMessage).toBe(CATALOGUE.sandbox_start_failed.detail);
  });
});
