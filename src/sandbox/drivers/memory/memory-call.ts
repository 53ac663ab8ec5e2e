import { type Frame, parseMeta } from '../../wire/frame-codec.ts';
import { BODY_MAX_BYTES, CREDIT_BYTES, FLAG_OPTIONAL, FRAME, type FrameType } from '../../wire/frame-type.ts';
import type { MemoryCall, MemoryFigures, MemoryProcess } from './memory-module.ts';

/** What a handler returns to leave the call open: it replies later by itself, or never. */
export const NO_REPLY = Symbol('no reply');

/** The shim that a call runs in, as the call sees it. */
export interface CallProcess extends MemoryProcess {
  finish(call: ShimCall, type: FrameType, meta: string, body: Uint8Array | null): void;
}

/** One call in the emulated shim. */
export class ShimCall implements MemoryCall {
  readonly stream: number;
  readonly #shim: CallProcess;
  readonly #meta: Buffer;
  #isStreamed = false;
  #creditBytes = CREDIT_BYTES;
  #waiting: (() => void)[] = [];
  #abort: AbortController | null = null;

  constructor(shim: CallProcess, frame: Frame) {
    this.#shim = shim;
    this.stream = frame.stream;
    this.#meta = frame.meta;
  }

  get abort(): AbortController {
    this.#abort ??= new AbortController();
    return this.#abort;
  }

  get cancelled(): AbortSignal {
    return this.abort.signal;
  }

  get requestId(): string {
    return String(parseMeta(this.#meta)?.id);
  }

  get remainingMs(): number {
    return Number(parseMeta(this.#meta)?.remainingMs);
  }

  get streaming(): boolean {
    return parseMeta(this.#meta)?.stream === true;
  }

  get env(): Record<string, string> {
    return this.#shim.env;
  }

  get settings(): MemoryProcess['settings'] {
    return this.#shim.settings;
  }

  get figures(): MemoryFigures {
    return this.#shim.figures;
  }

  readonly succeed = (value: unknown): void => {
    if (value === NO_REPLY) return;
    if (this.#isStreamed) {
      this.#shim.finish(this, FRAME.end, '{"us":0}', null);
      return;
    }
    const body = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value) ?? 'null');
    if (body.length <= BODY_MAX_BYTES) {
      this.reply(body);
      return;
    }
    const error = namedError('Function.ResponseSizeTooLarge', `Response payload size (${body.length} bytes) exceeded`);
    this.#shim.finish(this, FRAME.error, JSON.stringify({ us: 0, tooLarge: body.length }), errorBody(error));
  };

  readonly fail = (error: unknown): void => {
    this.#shim.finish(this, FRAME.error, '{"us":0}', errorBody(error));
  };

  reply(body: Uint8Array): void {
    this.#shim.finish(this, FRAME.end, '{"us":0}', body);
  }

  chunk(bytes: Uint8Array, meta?: { contentType?: string; prelude?: true }): number {
    this.#shim.sendFrame(FRAME.chunk, 0, this.stream, this.#isStreamed ? null : (meta ?? {}), bytes);
    this.#isStreamed = true;
    this.#creditBytes -= bytes.length;
    return this.#creditBytes;
  }

  credit(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  grant(bytes: number): void {
    this.#creditBytes += bytes;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  log(text: string): void {
    this.#shim.sendFrame(FRAME.log, FLAG_OPTIONAL, this.stream, { s: 1 }, Buffer.from(text));
  }

  stdout(text: string | Uint8Array): void {
    this.#shim.stdout(text);
  }

  stderr(text: string | Uint8Array): void {
    this.#shim.stderr(text);
  }

  exit(exitCode: number): void {
    this.#shim.exit(exitCode);
  }

  signal(name: string): void {
    this.#shim.signal(name);
  }

  outOfMemory(): void {
    this.#shim.outOfMemory();
  }

  closeChannel(): void {
    this.#shim.closeChannel();
  }

  sendRaw(bytes: Uint8Array): void {
    this.#shim.sendRaw(bytes);
  }

  sendFrame(type: number, flags: number, stream: number, meta: object | null, body: Uint8Array | null): void {
    this.#shim.sendFrame(type, flags, stream, meta, body);
  }
}

export function namedError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

export function errorBody(error: unknown): Buffer {
  const { name, message } = error instanceof Error ? error : { name: typeof error, message: String(error) };
  return Buffer.from(JSON.stringify({ errorType: name, errorMessage: message, stackTrace: [] }));
}
