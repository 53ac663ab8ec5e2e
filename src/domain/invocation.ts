import type { InvocationState, Isolation, Mode, Outcome, RuntimeId, Start, StartReason, Trigger } from './names.ts';

/** The stored shape of a failure, the same for both languages; paths are the author's own (`/var/task/...`). */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  stackTrace: string[];
}

/** Milliseconds of each part of an attempt; null means it did not happen. They sum to `totalMs` within 5%. */
export interface Phases {
  /** Waiting for a slot or sandbox. */
  queueMs: number;
  /** Creating a sandbox (cold) or taking one from the pool (claimed). */
  claimMs: number | null;
  /** Making the code visible and starting to load it. */
  loadMs: number | null;
  /** Importing the user's module, as the shim reports it. */
  importMs: number | null;
  /** The handler itself, as the shim reports it. */
  handlerMs: number | null;
  /** From admission to the moment the reply was handed to the caller. */
  totalMs: number;
}

/** Which limits a sandbox truly enforces; `unenforced` ones are named to the user, never silently dropped. */
export interface EnforcedLimits {
  memory: boolean;
  cpu: boolean;
  pids: boolean;
  disk: boolean;
  network: boolean;
}

/** What fenced an attempt, stamped on each. */
export interface Receipt {
  isolation: Isolation;
  driver: string;
  /** Words for people: `none`, `namespaces+seccomp`, `container`, ... */
  fence: string;
  /** Digest of the image or root file system; null where there is none. */
  imageDigest: string | null;
  codeSha256: string;
  dependencySetSha256: string | null;
  enforced: EnforcedLimits;
}

/** Figures of one attempt; null is "could not be measured", never 0. */
export interface Usage {
  cpuMs: number | null;
  maxMemoryMib: number | null;
  /** `attempt` when the peak was reset for this call, `sandbox` when it covers the sandbox's whole life. */
  peakScope: 'attempt' | 'sandbox' | null;
  /** Where the figures came from, e.g. `cgroup1`, `cgroup2`, `procfs`; null when nothing could be read. */
  source: string | null;
  /** True when several calls shared the sandbox at the time: CPU, memory and raw output belong to the sandbox. */
  shared: boolean;
}

/** One captured line (or piece) of output. */
export interface LogLine {
  at: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** One run of an invocation. */
export interface AttemptRecord {
  number: number;
  revisionId: string;
  runtime: RuntimeId;
  sandboxId: string | null;
  startedAt: string;
  outcome: Outcome;
  /** Catalogue code when the outcome is not `ok`; null otherwise. */
  code: string | null;
  start: Start | null;
  startReason: StartReason | null;
  phases: Phases;
  usage: Usage;
  receipt: Receipt | null;
  error: FunctionError | null;
  logs: LogLine[];
  logsTruncated: boolean;
  /** The caller had gone before the reply was ready. */
  clientGone: boolean;
}

/** One call with its attempts, as recorded and as the API shows it. */
export interface InvocationRecord {
  id: string;
  workspaceId: string;
  functionId: string;
  functionName: string;
  mode: Mode;
  trigger: Trigger;
  state: InvocationState;
  outcome: Outcome | null;
  isolation: Isolation | null;
  start: Start | null;
  startedAt: string;
  finishedAt: string | null;
  durationMs: number | null;
  eventBytes: number;
  resultBytes: number | null;
  /** Captured payloads (at most 64 KiB each, redacted); null when not captured. */
  event: string | null;
  result: string | null;
  attempts: AttemptRecord[];
}
