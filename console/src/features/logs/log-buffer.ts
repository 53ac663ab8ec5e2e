import type { LogLevel } from '../../../../src/domain/log-level.ts';

/** One line as the tail shows it. */
export interface TailLine {
  /** Rises by one: keys rows, and tells where one was. */
  number: number;
  at: string;
  functionName: string;
  invocationId: string;
  stream: 'stdout' | 'stderr' | 'platform';
  level: LogLevel;
  text: string;
}

export type IncomingLine = Omit<TailLine, 'number'>;

/** What a tail holds, oldest first; older lines than fit are given up and counted. */
export interface LogBuffer {
  lines: readonly TailLine[];
  dropped: number;
  next: number;
}

export const LINES_MAX = 5_000;
/** The same bound in characters, as one line may have many. */
export const CHARS_MAX = 4_000_000;
/** Of one line, the beginning is kept: the whole of it is in the invocation's record. */
export const LINE_CHARS_MAX = 4_000;

export const EMPTY_BUFFER: LogBuffer = { lines: [], dropped: 0, next: 0 };

/** The buffer with lines added at its end, still within its bounds. */
export function appended(buffer: LogBuffer, incoming: readonly IncomingLine[]): LogBuffer {
  if (incoming.length === 0) return buffer;
  let { next } = buffer;
  const all = [...buffer.lines];
  for (const line of incoming) {
    const isLong = line.text.length > LINE_CHARS_MAX;
    all.push({ ...line, text: isLong ? `${line.text.slice(0, LINE_CHARS_MAX)} … (cut)` : line.text, number: next++ });
  }
  const lines = all.slice(firstKept(all));
  return { lines, dropped: buffer.dropped + all.length - lines.length, next };
}

function firstKept(lines: readonly TailLine[]): number {
  let chars = 0;
  for (let index = lines.length - 1; index >= 0; index--) {
    chars += lines[index]?.text.length ?? 0;
    if (lines.length - index > LINES_MAX || chars > CHARS_MAX) return index + 1;
  }
  return 0;
}

/**
 * After a lost connection the server sends lines again that are here already, by other ids. Passes on those that are new; one
 * that was printed twice is let through as often as it is missing.
 */
export class RepeatFilter {
  readonly #counts = new Map<string, number>();

  constructor(lines: readonly TailLine[]) {
    for (const line of lines) this.#counts.set(keyOf(line), (this.#counts.get(keyOf(line)) ?? 0) + 1);
  }

  isRepeat(line: IncomingLine): boolean {
    const key = keyOf(line);
    const count = this.#counts.get(key) ?? 0;
    if (count > 0) this.#counts.set(key, count - 1);
    return count > 0;
  }
}

function keyOf({ invocationId, at, stream, text }: IncomingLine): string {
  return `${invocationId} ${at} ${stream} ${text.slice(0, LINE_CHARS_MAX)}`;
}
