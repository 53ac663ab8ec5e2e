import type { AttemptLogs, Crash } from '../../contract/sandbox.ts';
import { signalWords } from '../../domain/signal-words.ts';

/** Lines of its last output that the next record takes along; the first of them tell the error. */
const LINES_MAX = 100;

/** How a sandbox ended after its last reply, and what it printed last, as lines for the next record. */
export function crashWords({ exit, logs }: Crash): AttemptLogs {
  const how =
    exit.cause === 'oom'
      ? 'out of memory'
      : exit.signal !== null
        ? `signal: ${signalWords(exit.signal)}`
        : exit.exitCode === null
          ? 'lost'
          : `exit status ${exit.exitCode}`;
  const text = `The sandbox of an earlier call ended after its reply: ${how}.`;
  const lines = logs.lines.slice(0, LINES_MAX);
  const at = lines[0]?.at ?? new Date().toISOString();
  return {
    lines: [{ at, stream: 'stderr', text: lines.length === 0 ? text : `${text} It printed:` }, ...lines],
    truncated: logs.truncated || logs.lines.length > LINES_MAX,
  };
}

export function joinedLogs(first: AttemptLogs, then: AttemptLogs | null): AttemptLogs {
  if (then === null) return first;
  return { lines: [...first.lines, ...then.lines], truncated: first.truncated || then.truncated };
}
