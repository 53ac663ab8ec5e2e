import type { CodeRef } from '../../../contract/driver.ts';
import type { LoadSettings } from '../../../contract/sandbox.ts';

/**
 * User code for the memory driver: a plain function in place of a package. What it returns (or resolves to) is the result:
 * a Uint8Array is sent as it is, anything else as JSON; what it throws is the function's error; a promise that never
 * settles hangs. Everything else a function may do to its host is a method of `call`.
 */
export type MemoryHandler = (event: Uint8Array, call: MemoryCall) => unknown;

/** A handler, or a handler with what happens at import. `load` may throw, hang, exit or print. */
export type MemoryModule = MemoryHandler | { load?: (process: MemoryProcess) => unknown; handler: MemoryHandler };

/** Finds the code of a package; null is `Runtime.ImportModuleError`. */
export type ResolveModule = (code: CodeRef, handler: string) => MemoryModule | null;

/** The emulated process of one box: what code can do outside of any call. */
export interface MemoryProcess {
  /** The function's environment; empty until `init`. */
  readonly env: Record<string, string>;
  readonly settings: Pick<LoadSettings, 'functionName' | 'functionVersion' | 'functionArn' | 'memoryMib' | 'handler'>;
  /** Scripted meter figures of the box; set them to what the next reading shall say. */
  readonly figures: MemoryFigures;
  stdout(text: string | Uint8Array): void;
  stderr(text: string | Uint8Array): void;
  exit(exitCode: number): void;
  signal(name: string): void;
  /** Killed for memory, as the kernel would. */
  outOfMemory(): void;
  /** The connection breaks although the process lives on. */
  closeChannel(): void;
  /** Any bytes on the channel. */
  sendRaw(bytes: Uint8Array): void;
  sendFrame(type: number, flags: number, stream: number, meta: object | null, body: Uint8Array | null): void;
}

export interface MemoryFigures {
  cpuUs: number | null;
  peakBytes: number | null;
  currentBytes: number | null;
  /** What `resetPeak` answers. */
  canResetPeak: boolean;
}

/** One call as the handler sees it. */
export interface MemoryCall extends MemoryProcess {
  readonly stream: number;
  readonly requestId: string;
  readonly remainingMs: number;
  /** The caller can take a stream. */
  readonly streaming: boolean;
  /** Aborts when the host sends `cancel`. */
  readonly cancelled: AbortSignal;
  /** Sends a piece of a streamed reply; the first one makes the reply a stream. Bytes still allowed are returned. */
  chunk(bytes: Uint8Array, meta?: { contentType?: string; prelude?: true }): number;
  /** Resolves when the host has granted more bytes. */
  credit(): Promise<void>;
  /** A console line attributed to this call. */
  log(text: string): void;
  /** Sends the result now; a later one is a duplicate. */
  reply(body: Uint8Array): void;
}
