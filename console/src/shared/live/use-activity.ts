import { useEffect, useRef } from 'react';
import type { LiveState } from './live-source.ts';
import { useLive } from './use-live.ts';

/** Often enough to be seen moving; a chart over many functions takes the server some hundred milliseconds. */
const EVERY_MS = 2_000;

/**
 * Calls back when invocations have finished, of one function or (null) of any: at once, then at most every two seconds; also
 * when the connection is there and after news were missed.
 */
export function useActivity(functionName: string | null, onActivity: () => void): LiveState {
  const latest = useRef(onActivity);
  latest.current = onActivity;
  const calledAtMs = useRef(Number.NEGATIVE_INFINITY);
  const timer = useRef<number | null>(null);
  useEffect(
    () => () => {
      if (timer.current !== null) window.clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
  const call = (): void => {
    if (timer.current !== null) return;
    const waitMs = Math.max(0, calledAtMs.current + EVERY_MS - performance.now());
    timer.current = window.setTimeout(() => {
      timer.current = null;
      calledAtMs.current = performance.now();
      latest.current();
    }, waitMs);
  };
  const query = new URLSearchParams({
    topics: 'activity',
    ...(functionName === null ? {} : { function: functionName }),
  });
  const live = useLive(`/api/v1/live?${query}`, { on: { activity: call }, onGap: call });
  const callOnOpen = useRef(call);
  callOnOpen.current = call;
  // What finished between the first reading and the connection was told to nobody.
  useEffect(() => {
    if (live === 'open') callOnOpen.current();
  }, [live]);
  return live;
}
