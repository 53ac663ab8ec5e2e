import type { Duplex } from 'node:stream';
import { SandboxError } from '../../contract/sandbox-error.ts';

/** Answers come within milliseconds. A monitor that takes this long hangs. */
const ANSWER_DEADLINE_MS = 15_000;
/** Our messages are a few hundred bytes. The longest answer to what we ask is a few KiB. */
const LINE_MAX_CHARS = 256 * 1024;

/** QEMU refused a command. */
export class QmpRefusal extends SandboxError {
  constructor(command: string, reason: string) {
    super('sandbox_start_failed', `QEMU refused ${command}: ${reason}`);
  }
}

interface Pending {
  command: string;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * QEMU's machine protocol over one connection: greeting, capabilities, then commands matched to answers by id; events are
 * dropped. Everything rejects with a SandboxError when the connection ends, a deadline passes or the signal aborts.
 */
export class QmpClient {
  readonly #stream: Duplex;
  readonly #pending = new Map<number, Pending>();
  #greeting = Promise.withResolvers<void>();
  #partial = '';
  #lastId = 0;
  #failure: SandboxError | null = null;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#greeting.promise.catch(() => undefined);
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#onText(text));
    stream.on('error', () => undefined);
    stream.on('close', () => this.#fail('QEMU closed its control connection'));
  }

  /** The first call, made once: waits for the greeting and leaves the negotiation. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#bounded('greeting', this.#greeting.promise, signal);
    await this.execute('qmp_capabilities', {}, signal);
  }

  /** Resolves with what the command returns. */
  execute(command: string, args: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject });
    });
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return this.#bounded(command, answer, signal).finally(() => this.#pending.delete(id));
  }

  close(): void {
    this.#stream.destroy();
  }

  #bounded<T>(what: string, answer: Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (error: unknown): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = (): void => end(signal.reason);
      const timer = setTimeout(
        () => end(new SandboxError('sandbox_start_failed', `QEMU did not answer ${what} in time`)),
        ANSWER_DEADLINE_MS,
      );
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      answer.then((value) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      }, end);
    });
  }

  #onText(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#onLine(line);
    if (this.#partial.length > LINE_MAX_CHARS) this.#fail('QEMU wrote an endless line');
  }

  #onLine(line: string): void {
    let message: { QMP?: unknown; id?: number; return?: unknown; error?: { desc?: string }; event?: string };
    try {
      message = JSON.parse(line);
    } catch {
      this.#fail('QEMU wrote what is no JSON');
      return;
    }
    if (message.QMP !== undefined) this.#greeting.resolve();
    const pending = this.#pending.get(message.id ?? 0);
    if (pending === undefined) return;
    if (message.error === undefined) pending.resolve(message.return);
    else pending.reject(new QmpRefusal(pending.command, String(message.error.desc)));
  }

  #fail(detail: string): void {
    this.#failure ??= new SandboxError('sandbox_start_failed', detail);
    this.#greeting.reject(this.#failure);
    for (const pending of this.#pending.values()) pending.reject(this.#failure);
    this.#stream.destroy();
  }
}
