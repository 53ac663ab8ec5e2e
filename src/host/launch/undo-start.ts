import { SandboxError } from '../../contract/sandbox-error.ts';

/**
 * Removes what a failed start has made. Resolves with the error to throw: the cause, which carries as its leftover what could not be
 * removed within the deadline, so that the guard goes on trying. `remove` may be called again and continues where it stopped.
 */
export async function undoStart(
  id: string,
  cause: unknown,
  deadlineMs: number,
  remove: (signal: AbortSignal) => Promise<void>,
): Promise<SandboxError> {
  const known = cause instanceof SandboxError ? cause : null;
  try {
    await remove(AbortSignal.timeout(deadlineMs));
    return known ?? new SandboxError('sandbox_start_failed', `sandbox ${id} did not start`, { cause });
  } catch (error) {
    const message = `sandbox ${id} did not start (${messageOf(cause)}), and ${messageOf(error)}`;
    return new SandboxError(known?.code ?? 'sandbox_start_failed', message, {
      cause,
      leftover: { id, destroy: remove },
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
