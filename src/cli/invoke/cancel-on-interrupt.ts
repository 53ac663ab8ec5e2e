import { randomUUID } from 'node:crypto';
import type { CliContext } from '../cli-context.ts';

/** As shells report a program that Ctrl-C ended. */
const INTERRUPTED_EXIT_CODE = 130;
/** The handler is told at once and killed after 1 s; whoever pressed Ctrl-C waits no longer than this for the server to say so. */
const CANCEL_DEADLINE_MS = 3_000;

/**
 * Runs a call that Ctrl-C cancels on the server too: without that the function would run on, and be charged, though nobody waits.
 * `call` sends the token in the header coldframe-cancel-token. A second Ctrl-C ends the program at once.
 */
export async function cancelOnInterrupt<T>(context: CliContext, call: (token: string) => Promise<T>): Promise<T> {
  const token = randomUUID();
  const onInterrupt = (): void => {
    context.out.progress('Cancelling ... (Ctrl-C again leaves the call running)');
    process.once('SIGINT', () => process.exit(INTERRUPTED_EXIT_CODE));
    void cancel(context, token).finally(() => process.exit(INTERRUPTED_EXIT_CODE));
  };
  process.once('SIGINT', onInterrupt);
  try {
    return await call(token);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

/** Never rejects: the call may have ended by itself meanwhile. */
async function cancel(context: CliContext, token: string): Promise<void> {
  await context
    .fetch('/api/v1/invocations/cancel', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      signal: AbortSignal.timeout(CANCEL_DEADLINE_MS),
    })
    .catch(() => undefined);
}
