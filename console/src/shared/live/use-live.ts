import { useEffect, useRef, useState } from 'react';
import { type LiveState, listenLive } from './live-source.ts';

export interface LiveHandlers {
  /** By event name: topics of `/live`, or `log` and the like of other streams. Their names must not change while listening. */
  on: Readonly<Record<string, (data: never) => void>>;
  /** News were missed: read anew what is shown. */
  onGap?(): void;
}

/** Listens while mounted; `path` null listens to nothing. Handlers may be new functions at each render. */
export function useLive(path: string | null, handlers: LiveHandlers): LiveState {
  const latest = useRef(handlers);
  latest.current = handlers;
  const names = Object.keys(handlers.on).sort().join();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    if (path === null) return;
    return listenLive(path, names.split(','), {
      onEvent: (name, data) => latest.current.on[name]?.(data as never),
      onGap: () => latest.current.onGap?.(),
      onState: setState,
    });
  }, [path, names]);
  return state;
}
