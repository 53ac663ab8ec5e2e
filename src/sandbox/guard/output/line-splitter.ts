import type { LogLine } from '../../../domain/invocation.ts';

/** A piece of output as it was read. */
export interface OutputPiece {
  atMs: number;
  stream: 'stdout' | 'stderr';
  bytes: Buffer;
}

const NEWLINE = 0x0a;
/**
 * Lines kept of one attempt. Without this bound, 256 KiB of bare newlines would become a quarter of a million objects.
 */
export const LINES_MAX = 10_000;

/**
 * Turns pieces into lines, each stream by itself, in the order in which their first bytes came. A last line without a
 * newline is kept; bytes that are not UTF-8 become U+FFFD. Runs once per attempt that printed something.
 */
export function splitLines(pieces: readonly OutputPiece[]): { lines: LogLine[]; truncated: boolean } {
  const lines: LogLine[] = [];
  const open = { stdout: new OpenLine('stdout'), stderr: new OpenLine('stderr') };
  for (const piece of pieces) {
    const rest = open[piece.stream];
    let start = 0;
    let end = piece.bytes.indexOf(NEWLINE, start);
    while (end !== -1) {
      if (lines.length >= LINES_MAX) return { lines, truncated: true };
      lines.push(rest.close(piece.atMs, piece.bytes.subarray(start, end)));
      start = end + 1;
      end = piece.bytes.indexOf(NEWLINE, start);
    }
    if (start < piece.bytes.length) rest.add(piece.atMs, piece.bytes.subarray(start));
  }
  for (const rest of [open.stdout, open.stderr]) {
    if (!rest.isEmpty && lines.length < LINES_MAX) lines.push(rest.close(0, EMPTY));
  }
  return { lines, truncated: false };
}

const EMPTY = Buffer.alloc(0);

class OpenLine {
  readonly #stream: LogLine['stream'];
  #atMs = 0;
  #parts: Buffer[] = [];

  constructor(stream: LogLine['stream']) {
    this.#stream = stream;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  add(atMs: number, bytes: Buffer): void {
    if (this.#parts.length === 0) this.#atMs = atMs;
    this.#parts.push(bytes);
  }

  close(atMs: number, bytes: Buffer): LogLine {
    if (this.#parts.length === 0) return { at: rfc3339(atMs), stream: this.#stream, text: bytes.toString('utf8') };
    this.#parts.push(bytes);
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    return { at: rfc3339(this.#atMs), stream: this.#stream, text };
  }
}

let formattedMs = -1;
let formatted = '';

/** The lines of one read share a millisecond, so the newest formatted time is kept for the next line. */
function rfc3339(atMs: number): string {
  if (atMs !== formattedMs) {
    formattedMs = atMs;
    formatted = new Date(atMs).toISOString();
  }
  return formatted;
}
