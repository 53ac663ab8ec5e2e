import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { isAtLeast } from '../../../../src/domain/log-level.ts';
import type { LiveState } from '../../shared/live/live-source.ts';
import { useLive } from '../../shared/live/use-live.ts';
import { appended, EMPTY_BUFFER, type IncomingLine, type LogBuffer, RepeatFilter } from './log-buffer.ts';
import type { LogFilters } from './log-filters.ts';

/** Lines asked for of what was printed before. */
const HISTORY_LINES = 500;
/** How long after a new connection lines may come that are here already. */
const RESYNC_MS = 5_000;

export interface LogTail {
  /** What is shown: while paused, what was there then. */
  buffer: LogBuffer;
  /** Lines that came since the pause. */
  waiting: number;
  isPaused: boolean;
  live: LiveState;
  setPaused(isPaused: boolean): void;
  clear(): void;
}

/** Follows the output of a function (empty: of all) as it comes; shown at most once a frame, however much is printed. */
export function useLogTail(filters: LogFilters): LogTail {
  const [shown, setShown] = useState(EMPTY_BUFFER);
  const [waiting, setWaiting] = useState(0);
  const [isPaused, setIsPaused] = useState(false);
  const held = useRef<LogBuffer>(EMPTY_BUFFER);
  const incoming = useRef<IncomingLine[]>([]);
  const frame = useRef<number | null>(null);
  const repeats = useRef<{ filter: RepeatFilter; untilMs: number } | null>(null);
  const pausedAt = useRef<number | null>(null);

  const flush = useCallback(() => {
    frame.current = null;
    held.current = appended(held.current, incoming.current.splice(0));
    if (pausedAt.current === null) setShown(held.current);
    else setWaiting(held.current.next - pausedAt.current);
  }, []);
  const take = (lines: readonly IncomingLine[]): void => {
    const filter =
      repeats.current !== null && performance.now() < repeats.current.untilMs ? repeats.current.filter : null;
    for (const line of lines) if (filter === null || !filter.isRepeat(line)) incoming.current.push(line);
    if (incoming.current.length > 0) frame.current ??= requestAnimationFrame(flush);
  };

  const path = pathOf(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is another path that begins anew
  useEffect(() => {
    // Another function or filter: what is shown belongs to the last one.
    held.current = EMPTY_BUFFER;
    incoming.current = [];
    repeats.current = null;
    pausedAt.current = null;
    setShown(EMPTY_BUFFER);
    setWaiting(0);
    setIsPaused(false);
    return () => {
      if (frame.current !== null) cancelAnimationFrame(frame.current);
      frame.current = null;
    };
  }, [path]);
  const live = useLive(path, {
    on: {
      log: (line: IncomingLine) => take([line]),
      logs: (block: { functionName: string; invocationId: string; lines: IncomingLine[] }) => {
        const { functionName, invocationId } = block;
        take(block.lines.map((line) => ({ ...line, functionName, invocationId })));
      },
    },
    onGap: () => {
      repeats.current = { filter: new RepeatFilter(held.current.lines), untilMs: performance.now() + RESYNC_MS };
    },
  });
  const { function: name, contains, level } = filters;
  // The stream of all functions knows no filters.
  const buffer = useMemo(
    () => (name === '' ? { ...shown, lines: shown.lines.filter((line) => fits(line, contains, level)) } : shown),
    [shown, name, contains, level],
  );
  return {
    buffer,
    waiting,
    isPaused,
    live,
    setPaused(wanted) {
      pausedAt.current = wanted ? held.current.next : null;
      setIsPaused(wanted);
      setWaiting(0);
      if (!wanted) setShown(held.current);
    },
    clear() {
      held.current = { ...held.current, lines: [], dropped: 0 };
      setShown(held.current);
    },
  };
}

/** One function's stream brings what was printed before, and filters by itself. */
function pathOf({ function: name, contains, level }: LogFilters): string {
  if (name === '') return '/api/v1/live?topics=logs';
  const query = new URLSearchParams({ follow: 'true', limit: String(HISTORY_LINES) });
  if (contains !== '') query.set('contains', contains);
  if (level !== '') query.set('level', level);
  return `/api/v1/functions/${encodeURIComponent(name)}/logs?${query}`;
}

function fits(line: IncomingLine, contains: string, level: LogFilters['level']): boolean {
  if (level !== '' && !isAtLeast(line.level, level)) return false;
  return contains === '' || line.text.toLowerCase().includes(contains.toLowerCase());
}
