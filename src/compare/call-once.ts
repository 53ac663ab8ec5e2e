import type { LoadResult, Sandbox, SandboxReply } from '../contract/sandbox.ts';
import type { ComparedIsolation } from '../domain/comparison.ts';
import { UNKNOWN_USAGE, type Usage } from '../domain/invocation.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { type Ending, endingOfLoad, endingOfReply } from '../invoke/outcome/ending.ts';
import { tryRequest } from '../invoke/try-request.ts';

/** How one call of a comparison ended. Times are monotonic milliseconds. */
export interface CallEnd {
  askedAtMs: number;
  repliedAtMs: number;
  usage: Usage;
  failure: ComparedIsolation['failure'];
}

/**
 * Calls the loaded sandbox once and waits until it has settled. A sandbox that must stop is destroyed, which ends the
 * call.
 */
export function callOnce(
  sandbox: Sandbox,
  target: RunnableRevision,
  event: Uint8Array,
  signal: AbortSignal,
): Promise<CallEnd> {
  const request = tryRequest(target, event);
  const { timeoutMs } = target.settings;
  const { functionArn } = target;
  return new Promise((resolve) => {
    const askedAtMs = performance.now();
    let answer: { reply: SandboxReply; repliedAtMs: number } | null = null;
    const stop = (): void => void sandbox.destroy('stopped').catch(() => undefined);
    signal.addEventListener('abort', stop, { once: true });
    sandbox.invoke(
      { requestId: request.id, functionArn, timeoutMs, traceId: null, event, stream: null },
      (reply) => {
        answer = { reply, repliedAtMs: performance.now() };
      },
      ({ usage }) => {
        signal.removeEventListener('abort', stop);
        const { reply, repliedAtMs } = answer ?? { reply: { kind: 'cancelled' } as const, repliedAtMs: askedAtMs };
        resolve({ askedAtMs, repliedAtMs, usage, failure: failureOf(endingOfReply(reply, request)) });
      },
    );
    if (signal.aborted) stop();
  });
}

/** A load that failed by the function's own code. */
export function loadFailure(result: Exclude<LoadResult, { kind: 'loaded' }>, target: RunnableRevision): CallEnd {
  const atMs = performance.now();
  const failure = failureOf(endingOfLoad(result, tryRequest(target, new Uint8Array())));
  return { askedAtMs: atMs, repliedAtMs: atMs, usage: UNKNOWN_USAGE, failure };
}

function failureOf({ code, error }: Ending): ComparedIsolation['failure'] {
  if (code === null) return null;
  return { code, errorType: error?.errorType ?? null, errorMessage: error?.errorMessage ?? null };
}
