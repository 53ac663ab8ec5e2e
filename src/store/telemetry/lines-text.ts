import type { LogLine } from '../../domain/invocation.ts';

/** An attempt's output as its row holds it: a list of `[at, stream, text]`. */
export function linesText(lines: LogLine[]): string {
  return JSON.stringify(lines.map((line) => [line.at, line.stream, line.text]));
}

/** Reads what `linesText` wrote. Null means no output. */
export function linesOf(text: string | null): LogLine[] {
  if (text === null) return [];
  const lines: [string, LogLine['stream'], string][] = JSON.parse(text);
  return lines.map(([at, stream, line]) => ({ at, stream, text: line }));
}
