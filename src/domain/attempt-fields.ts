import { described, FLAG, group, INTEGER, list, NUMBER, orNull, TEXT, TEXTS, VARIED_TEXT, word } from './fields.ts';
import { ISOLATIONS, OUTCOMES, RUNTIMES, START_REASONS, STARTS } from './names.ts';

/**
 * Every field of an attempt, once: its type, its way to the store's thread, its place in a row and its description in the API
 * are read from here, so that a new field is one line here and one where the attempt ends (invoke/outcome/record.ts). Rows
 * hold the values in this order without names: **a new field goes to the end of its list and is orNull**, since rows of
 * before have none.
 */

/** The stored shape of a failure, the same for both languages; paths are the author's own (`/var/task/...`). */
export const FUNCTION_ERROR_FIELDS = { errorType: TEXT, errorMessage: TEXT, stackTrace: TEXTS } as const;

/** Milliseconds of each part of an attempt; null means it did not happen. They sum to `totalMs` within 5%. */
const PHASE_FIELDS = {
  /** Waiting for a slot or sandbox. */
  queueMs: NUMBER,
  /** Creating a sandbox (cold) or taking one from the pool (claimed). */
  claimMs: orNull(NUMBER),
  /** Making the code visible and starting to load it. */
  loadMs: orNull(NUMBER),
  /** Importing the user's module, as the shim reports it. */
  importMs: orNull(NUMBER),
  /** The handler itself, as the shim reports it. */
  handlerMs: orNull(NUMBER),
  /** From admission to the moment the reply was handed to the caller. */
  totalMs: NUMBER,
} as const;

/** Which limits a sandbox truly enforces; `unenforced` ones are named to the user, never silently dropped. */
export const ENFORCED_FIELDS = { memory: FLAG, cpu: FLAG, pids: FLAG, disk: FLAG, network: FLAG } as const;

/** What fenced an attempt, stamped on each. */
const RECEIPT_FIELDS = {
  isolation: word(ISOLATIONS),
  driver: TEXT,
  /** Words for people: `none`, `namespaces+seccomp`, `container`, ... */
  fence: TEXT,
  /** Digest of the image or root file system; null where there is none. */
  imageDigest: orNull(TEXT),
  codeSha256: TEXT,
  dependencySetSha256: orNull(TEXT),
  enforced: group(ENFORCED_FIELDS),
} as const;

/** Figures of one attempt; null is "could not be measured", never 0. */
const USAGE_FIELDS = {
  cpuMs: orNull(NUMBER),
  maxMemoryMib: orNull(NUMBER),
  /** `attempt` when the peak was reset for this attempt, `sandbox` when it covers the sandbox's whole life. */
  peakScope: orNull(word(['attempt', 'sandbox'])),
  /** Where the figures came from, e.g. `cgroup1`, `cgroup2`, `procfs`; null when nothing could be read. */
  source: orNull(TEXT),
  /** True when several attempts shared the sandbox at the time: CPU, memory and raw output belong to the sandbox. */
  shared: FLAG,
} as const;

/** One captured line (or piece) of output. */
const LOG_LINE_FIELDS = { at: TEXT, stream: word(['stdout', 'stderr']), text: VARIED_TEXT } as const;

/** One run of an invocation. */
export const ATTEMPT_FIELDS = {
  /** From 1; with the invocation's id it names the attempt for good. */
  number: INTEGER,
  revisionId: TEXT,
  runtime: word(RUNTIMES),
  sandboxId: orNull(TEXT),
  startedAt: TEXT,
  outcome: word(OUTCOMES),
  /** Catalogue code when the outcome is not `ok`; null otherwise. */
  code: orNull(TEXT),
  start: orNull(word(STARTS)),
  startReason: orNull(word(START_REASONS)),
  phases: group(PHASE_FIELDS),
  usage: described(group(USAGE_FIELDS), 'null means it could not be measured.'),
  receipt: orNull(group(RECEIPT_FIELDS)),
  error: orNull(group(FUNCTION_ERROR_FIELDS)),
  /** Stored in rows of their own: lists of attempts come without. */
  logs: list(LOG_LINE_FIELDS),
  logsTruncated: FLAG,
  /** The caller had gone before the reply was ready. */
  clientGone: FLAG,
  /**
   * Milliseconds for which the host read nothing from the sandbox, because it printed or sent more than is taken from one; null where
   * it had no sandbox, and in records of before.
   */
  pausedMs: orNull(NUMBER),
} as const;
