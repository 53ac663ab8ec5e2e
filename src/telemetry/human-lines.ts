import type { DestinationStream } from 'pino';
import { plainProse } from '../domain/prose.ts';
import { visibleText } from '../domain/visible-text.ts';

const LEVELS: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info ', 40: 'warn ', 50: 'ERROR', 60: 'FATAL' };
/** 8 characters of `2026-11-22T07:28:25.067Z`, from the hour on. */
const CLOCK = [11, 19] as const;

/** A destination for a person at a terminal: `07:28:25 info  listening url=...`, an error's stack below its line. */
export function humanLines(write: (text: string) => void): DestinationStream {
  return { write: (line) => write(toHuman(line)) };
}

function toHuman(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as {
    level: number;
    time: string;
    msg?: string;
    err?: { stack?: string; message?: string };
  };
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}`);
  const head = [time.slice(...CLOCK), LEVELS[level] ?? level, plainProse(msg ?? err?.message ?? ''), ...pairs]
    .join(' ')
    .trimEnd();
  const stack = err?.stack ?? err?.message;
  return harmless(stack === undefined ? head : `${head}\n${stack.replace(/^/gm, '    ')}`);
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@+-]*$/.test(text) || typeof value !== 'string' ? text : JSON.stringify(value);
}

/** What came from a function may not steer the terminal. */
function harmless(text: string): string {
  return `${visibleText(text, true).replaceAll('\t', '\\x09')}\n`;
}
