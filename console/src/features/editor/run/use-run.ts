import { useCallback, useRef, useState } from 'react';
import { cancelByToken } from '../../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../../../shared/api/call.ts';
import { newCancelToken } from './cancel-token.ts';
import type { RunEnd } from './run-end.ts';
import type { RunReply } from './run-reply.ts';

export interface RunState {
  /** When the run that is on its way began, by `performance.now()`; null while none is. */
  startedAtMs: number | null;
  /** Whether its end was asked for. */
  isCancelling: boolean;
  /** The last run that ran, also while another is on its way. */
  reply: RunReply | null;
  /** Why the last one did not run. */
  error: unknown;
}

export interface Runs extends RunState {
  /** One at a time: another is not begun while one is on its way. Resolves to null when nothing ran. */
  begin(work: (end: RunEnd) => Promise<RunReply>): Promise<RunReply | null>;
  /** Takes away why the last one did not run. */
  forgetError(): void;
  /** Has the server cancel what runs; the reply then says so. What had not begun is not begun. */
  cancel(): void;
}

const NOTHING_RAN: RunState = { startedAtMs: null, isCancelling: false, reply: null, error: null };

export function useRun(): Runs {
  const [state, setState] = useState(NOTHING_RAN);
  const current = useRef<{ controller: AbortController; cancelToken: string } | null>(null);

  const begin = useCallback<Runs['begin']>(async (work) => {
    if (current.current !== null) return null;
    const controller = new AbortController();
    const cancelToken = newCancelToken();
    current.current = { controller, cancelToken };
    setState((previous) => ({ ...previous, startedAtMs: performance.now(), error: null }));
    try {
      const reply = await work({ signal: controller.signal, cancelToken });
      setState({ ...NOTHING_RAN, reply });
      return reply;
    } catch (error) {
      const hasLeft = controller.signal.aborted;
      setState(({ reply }) => ({ ...NOTHING_RAN, reply, error: hasLeft ? null : error }));
      return null;
    } finally {
      current.current = null;
    }
  }, []);
  const forgetError = useCallback(() => setState((previous) => ({ ...previous, error: null })), []);
  const cancel = useCallback(() => {
    const run = current.current;
    if (run === null) return;
    setState((previous) => ({ ...previous, isCancelling: true }));
    // A call the server does not know has not begun there, or has just ended; one it cannot be asked about is given up.
    call(cancelByToken({ client, body: { token: run.cancelToken } })).catch(() => run.controller.abort());
  }, []);
  return { ...state, begin, forgetError, cancel };
}
