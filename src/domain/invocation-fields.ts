import { ATTEMPT_FIELDS } from './attempt-fields.ts';
import { described, INTEGER, list, NUMBER, orNull, TEXT, VARIED_TEXT, word } from './fields.ts';
import { INVOCATION_STATES, ISOLATIONS, MODES, OUTCOMES, STARTS, TRIGGERS } from './names.ts';

const CAPTURED = described(orNull(VARIED_TEXT), 'Captured JSON text.');

/** Every field of an invocation, with its attempts; read like `attempt-fields.ts`. */
export const INVOCATION_FIELDS = {
  id: VARIED_TEXT,
  workspaceId: TEXT,
  functionId: TEXT,
  functionName: TEXT,
  mode: word(MODES),
  trigger: word(TRIGGERS),
  state: word(INVOCATION_STATES),
  /** What it came to; null while it has not ended. */
  outcome: orNull(word(OUTCOMES)),
  /** Of the newest attempt, as far as it had a sandbox; before that of the function. */
  isolation: orNull(word(ISOLATIONS)),
  /** Of the newest attempt. */
  start: orNull(word(STARTS)),
  /** When it was accepted. */
  startedAt: TEXT,
  finishedAt: orNull(TEXT),
  /** From its acceptance to its end; null while it has not ended. */
  durationMs: orNull(NUMBER),
  eventBytes: INTEGER,
  resultBytes: orNull(INTEGER),
  /** Captured payloads (at most 64 KiB each, redacted); null when not captured. */
  event: CAPTURED,
  result: CAPTURED,
  /** In the order of their numbers, as far as they have ended. */
  attempts: list(ATTEMPT_FIELDS),
} as const;
