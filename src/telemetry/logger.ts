import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';

/** Never written, wherever they stand one or two levels deep. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'setCookie',
  '["set-cookie"]',
  'secret',
  'token',
  'adminKey',
  'masterKey',
  'password',
  'env',
];

export interface LoggerOptions {
  level: LevelWithSilent;
  /** Where lines go; standard output when not given. */
  destination?: DestinationStream;
  /** Fields of every line, e.g. instance and epoch. */
  base?: Record<string, unknown>;
}

/** The platform's own logger: JSON lines, times RFC 3339 UTC, secrets blanked. Functions' output never goes through it. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: options.base ?? null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths(), censor: '[redacted]' },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

function redactedPaths(): string[] {
  return SECRET_FIELDS.flatMap((field) => {
    const member = field.startsWith('[') ? field : `.${field}`;
    return [member.startsWith('.') ? field : member, `*${member}`, `*.*${member}`];
  });
}
