import { useCallback, useRef, useState } from 'react';
import type { RunReply } from './run-reply.ts';

export interface RunState {
  /** When the run that is on its way began, by `performance.now()`; null while none is. */
  startedAtMs: number | null;
  /** The last run that ran, also while another is on its way. */
  reply: RunReply | null;
  /** Why the last one did not run. */
  error: unknown;
}

export interface Runs extends RunState {
  /** One at a time: another is not begun while one is on its way. Resolves to null when it failed or was left. */
  begin(work: (signal: AbortSignal) => Promise<RunReply>): Promise<RunReply | null>;
  /** Takes away why the last one did not run. */
  forgetError(): void;
  /** Stops waiting; the function itself runs on to its end or its timeout. */
  leave(): void;
}

const NOTHING_RAN: RunState = { startedAtMs: null, reply: null, error: null };

export function useRun(): Runs {
  const [state, setState] = useState(NOTHING_RAN);
  const current = useRef<AbortController | null>(null);

  const begin = useCallback<Runs['begin']>(async (work) => {
    if (current.current !== null) return null;
    const controller = new AbortController();
    current.current = controller;
    setState((previous) => ({ ...previous, startedAtMs: performance.now(), error: null }));
    try {
      const reply = await work(controller.signal);
      setState({ startedAtMs: null, reply, error: null });
      return reply;
    } catch (error) {
      const hasLeft = controller.signal.aborted;
      setState((previous) => ({ ...previous, startedAtMs: null, error: hasLeft ? null : error }));
      return null;
    } finally {
      current.current = null;
    }
  }, []);
  const forgetError = useCallback(() => setState((previous) => ({ ...previous, error: null })), []);
  const leave = useCallback(() => current.current?.abort(), []);
  return { ...state, begin, forgetError, leave };
}
