/** How serious a line of output is, least first; the order is the order of severity. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A level word stands at the beginning, after a time or a tag; further in it is part of a sentence. */
const HEAD_CHARS = 64;
const WORD = /(?:^|[\s[\]|:(<"])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)(?:[\s[\]|:)>"]|$)/;
const JSON_FIELD = /"(?:level|levelname|severity|lvl)"\s*:\s*(?:"([A-Za-z]{3,8})"|(\d{1,3}))/;
/** Structured lines may put the field anywhere; beyond this nobody looks. */
const JSON_CHARS = 2_048;

const OF_WORD: Readonly<Record<string, LogLevel>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  NOTICE: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
  ERR: 'error',
  FATAL: 'error',
  CRITICAL: 'error',
};

/**
 * The level a line names itself (a `level` field of JSON, or a word in capitals near its beginning, as loggers print it);
 * without one `error` for stderr, `info` for stdout.
 */
export function logLevelOf(stream: 'stdout' | 'stderr' | 'platform', text: string): LogLevel {
  const named = text.startsWith('{')
    ? levelField(text.slice(0, JSON_CHARS))
    : WORD.exec(text.slice(0, HEAD_CHARS))?.[1];
  return OF_WORD[named ?? ''] ?? (stream === 'stderr' ? 'error' : 'info');
}

/** True when `level` is at least as serious as `least`. */
export function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/** Numbers are pino's: 10 trace to 60 fatal. */
function levelField(json: string): string | undefined {
  const match = JSON_FIELD.exec(json);
  if (match?.[1] !== undefined) return match[1].toUpperCase();
  if (match?.[2] === undefined) return undefined;
  const number = Number(match[2]);
  if (number >= 50) return 'ERROR';
  if (number >= 40) return 'WARN';
  return number >= 30 ? 'INFO' : 'DEBUG';
}
