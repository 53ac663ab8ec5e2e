import { useEffect, useState } from 'react';
import { formatDuration } from '../../../shared/format/figures.ts';

const TICK_MS = 100;

/** How long something has been on its way. */
export function Elapsed({ sinceMs }: { sinceMs: number }) {
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(performance.now()), TICK_MS);
    return () => window.clearInterval(timer);
  }, []);
  const elapsedMs = Math.floor(Math.max(0, nowMs - sinceMs) / TICK_MS) * TICK_MS;
  return <span aria-hidden="true">{formatDuration(elapsedMs)}</span>;
}
