import { SandboxError } from '../../../contract/sandbox-error.ts';

/**
 * Runs an outside call under a deadline and signals. Rejects at once when either strikes, even when the call ignores
 * its signal. What the call still delivers afterwards goes to `onLate`, and its late failure goes to `onLateError`.
 * Nobody awaits these two, so they must not reject.
 */
export async function beforeDeadline<T>(
  what: string,
  deadlineMs: number,
  signals: readonly AbortSignal[],
  run: (signal: AbortSignal) => Promise<T>,
  onLate?: (value: T) => unknown,
  onLateError?: (error: unknown) => unknown,
): Promise<T> {
  const controller = new AbortController();
  const { promise: struck, reject: strike } = Promise.withResolvers<never>();
  let isOver = false;
  const give = (message: string, cause?: unknown): void => {
    isOver = true;
    const error = new SandboxError('sandbox_start_failed', message, { cause });
    strike(error);
    controller.abort(error);
  };
  const listeners = signals.map((signal) => ({ signal, onAbort: () => give(`${what} aborted`, signal.reason) }));
  const timer = setTimeout(() => give(`${what} took longer than ${deadlineMs} ms`), deadlineMs);
  // A race lost by either side must not become an unhandled rejection.
  struck.catch(() => {});
  try {
    for (const { signal, onAbort } of listeners) {
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    }
    if (controller.signal.aborted) return await struck;
    const running = run(controller.signal).then((value) => {
      if (isOver) onLate?.(value);
      return value;
    });
    running.catch((error: unknown) => {
      if (isOver) onLateError?.(error);
    });
    return await Promise.race([running, struck]);
  } finally {
    clearTimeout(timer);
    for (const { signal, onAbort } of listeners) signal.removeEventListener('abort', onAbort);
  }
}
