import type { FunctionError, LogLine, Receipt, Usage } from '../domain/invocation.ts';
import type { BoxExit, CodeRef, SandboxSpec } from './driver.ts';

/** States of a sandbox; `guard/sandbox-state.ts` holds the one transition function and the legal successors. */
export const SANDBOX_STATES = ['creating', 'ready', 'loaded', 'busy', 'paused', 'draining', 'dead'] as const;
export type SandboxState = (typeof SANDBOX_STATES)[number];

/** What the shim needs to load a handler; sent once, after the code is visible. */
export interface LoadSettings {
  functionName: string;
  functionVersion: string;
  functionArn: string;
  handler: string;
  memoryMib: number;
  timeoutMs: number;
  concurrency: number;
  /** The full environment of the function, secrets in clear; sent only to a sandbox that is now bound. */
  env: Record<string, string>;
  /** Milliseconds the load may take. After that the sandbox is killed and the result is `Runtime.InitTimeout`. */
  initTimeoutMs: number;
}

/** What loading did: a value, because it is the user's code that failed. After anything but `loaded` the sandbox is dead. */
export type LoadResult =
  | { kind: 'loaded'; deliverMs: number; importMs: number; logs: AttemptLogs }
  | { kind: 'loadError'; error: FunctionError; importMs: number | null; logs: AttemptLogs }
  | { kind: 'initTimeout'; error: FunctionError; logs: AttemptLogs }
  | { kind: 'died'; exit: BoxExit; logs: AttemptLogs };

export interface AttemptLogs {
  lines: LogLine[];
  truncated: boolean;
}

export interface SandboxRequest {
  requestId: string;
  functionArn: string;
  /** Milliseconds the handler may run, from now. */
  timeoutMs: number;
  traceId: string | null;
  /** The event's bytes, passed on unparsed. */
  event: Uint8Array;
  /**
   * Where a streamed reply goes. Null when the caller cannot take one; a streaming handler's chunks are then gathered.
   */
  stream: ReplyStream | null;
}

/** Receives a streamed reply. `write` returns false when the reader is behind; `whenDrained` then resumes credit. */
export interface ReplyStream {
  head(meta: { contentType: string; httpPrelude: boolean }): void;
  write(chunk: Uint8Array): boolean;
  whenDrained(): Promise<void>;
}

/** What the handler did: always a value. `usage` and `logs` come later through `settled`, so the reply never waits for them. */
export type SandboxReply =
  | { kind: 'result'; body: Uint8Array; handlerMs: number }
  | { kind: 'streamed'; bytes: number; handlerMs: number }
  | { kind: 'error'; error: FunctionError; body: Uint8Array; handlerMs: number }
  | { kind: 'timeout' }
  | { kind: 'cancelled' }
  | { kind: 'resultTooLarge'; bytes: number }
  /** `dispatched: false` means no byte of the request was written: the caller may send it elsewhere. */
  | { kind: 'died'; exit: BoxExit; dispatched: boolean }
  | { kind: 'protocolViolation'; detail: string };

export interface Settled {
  usage: Usage;
  logs: AttemptLogs;
  /** Milliseconds for which nothing was read from the sandbox, because it printed or sent more than is taken from one; null when unknown. */
  pausedMs: number | null;
}

/** How a sandbox ended when no call was told of the end, and what it printed since its last call. */
export interface Crash {
  exit: BoxExit;
  logs: AttemptLogs;
}

/** The guarded sandbox, as the pool and invoke see it. Illegal order throws SandboxError `sandbox_illegal_state`. */
export interface Sandbox {
  readonly id: string;
  readonly spec: SandboxSpec;
  readonly receipt: Pick<Receipt, 'isolation' | 'driver' | 'fence' | 'imageDigest' | 'enforced'>;
  readonly state: SandboxState;
  readonly inFlight: number;
  /** How many calls it may take at once when it is loaded; 1 before. */
  readonly concurrency: number;
  /** False once the sandbox is draining or dead. Checked on hand-out; a socket close that is still pending counts. */
  readonly alive: boolean;
  /**
   * Resolves when nothing of it is left on this host. That is after `destroy`, or later when its removal had to be
   * tried again.
   */
  readonly removed: Promise<void>;
  /** Bytes in use now, as far as the box can tell, for the idle budget. Null when it cannot tell. */
  memoryBytes(): number | null;
  /** Legal once, in `ready`. Resolves with a value for anything the user's code did; rejects only with a SandboxError of ours. */
  load(code: CodeRef, settings: LoadSettings, signal: AbortSignal): Promise<LoadResult>;
  /**
   * Legal in `loaded`, and in `busy` below `concurrency` (a paused sandbox must be resumed first). `onReply` is called
   * exactly once, within 100 ms of whatever ends the call. `onSettled` is called exactly once after it, when output is
   * drained and meters are read; only then is the slot free again. These are callbacks, not promises, because this is
   * the hot path.
   */
  invoke(request: SandboxRequest, onReply: (reply: SandboxReply) => void, onSettled: (settled: Settled) => void): void;
  /**
   * The cancel call: tells the shim, and kills after 1 s of grace. The call then ends as `cancelled`, unless its result
   * came first. Returns false when no call of that request id is in flight here.
   */
  cancel(requestId: string): boolean;
  /** Legal in `loaded` with nothing in flight; no-op where the driver cannot pause. */
  pause(): void;
  resume(): void;
  /** Takes no new calls. Siblings run to their own deadlines, and then it is destroyed. */
  drain(reason: string): void;
  /**
   * Kills at once and removes; safe to repeat. Resolves after the first try of removing it. When that try fails, the
   * guard lists it as stuck and tries again until `removed` resolves.
   */
  destroy(reason: string): Promise<void>;
  /** Calls back once when the sandbox stops being usable, with the reason. */
  onDead(listener: (reason: string) => void): void;
  /**
   * Calls back once, a moment after `onDead`, when it ended by itself after it had loaded and while no call waited for
   * a reply.
   */
  onCrash(listener: (crash: Crash) => void): void;
}
