import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { SandboxError } from '../contract/sandbox-error.ts';
import { CONTROL_LINE_MAX_BYTES, type GuestMessage, type GuestNetwork, type HostMessage } from './guest-protocol.ts';

/** Bytes given to the random generator of a guest's kernel; more than any of its states holds. */
const ENTROPY_BYTES = 64;

/** How the shim ended, as the guest tells it. */
export interface GuestExit {
  exitCode: number | null;
  signal: string | null;
  oomKills: number;
}

type Answer = 'ready' | 'begun' | 'coded';

/**
 * The host's end of the control connection. One question is open at a time; the order is the driver's. What the guest says is
 * hostile input: anything that is not a message of the protocol ends the connection, and whoever waits is refused.
 */
export class GuestControl {
  /** Resolves when the shim has ended; never rejects. When the guest dies without a word, it never resolves. */
  readonly exited: Promise<GuestExit>;
  /** Resolves when the shim's program runs; never rejects. */
  readonly started: Promise<void>;
  readonly #stream: Duplex;
  #resolveExit!: (exit: GuestExit) => void;
  #resolveStarted!: () => void;
  #waiting: { answer: Answer; resolve: () => void; reject: (error: Error) => void } | null = null;
  #oomKills = 0;
  #partial = '';
  #failure: SandboxError | null = null;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.exited = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve;
    });
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#onText(text));
    stream.on('error', () => undefined);
    stream.on('close', () => this.#fail('the guest closed its control connection'));
    stream.resume();
  }

  /** Processes the guest's kernel has killed for memory so far. */
  get oomKills(): number {
    return this.#oomKills;
  }

  /** Resolves when the shim has connected and said hello. Rejects with a SandboxError, or on abort. */
  boot(message: Omit<HostMessage & { op: 'boot' }, 'op'>, signal: AbortSignal): Promise<void> {
    return this.#ask({ op: 'boot', ...message }, 'ready', signal);
  }

  /** Gives the guest entropy and time and, when it has a card, an address of its own. Then bytes flow. */
  begin(network: GuestNetwork | null, signal: AbortSignal): Promise<void> {
    return this.#ask({ op: 'begin', ...fresh(), network }, 'begun', signal);
  }

  /** Tells the guest to mount the code drive, after it was swapped. */
  mountCode(signal: AbortSignal): Promise<void> {
    return this.#ask({ op: 'code', ...fresh() }, 'coded', signal);
  }

  close(): void {
    this.#stream.destroy();
  }

  #ask(message: HostMessage, answer: Answer, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null): void => {
        this.#waiting = null;
        signal.removeEventListener('abort', onAbort);
        if (error === null) resolve();
        else reject(error);
      };
      const onAbort = (): void => settle(signal.reason);
      if (signal.aborted) return reject(signal.reason);
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting = { answer, resolve: () => settle(null), reject: settle };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#stream.write(`${JSON.stringify(message)}\n`);
    });
  }

  #onText(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
    if (this.#partial.length > CONTROL_LINE_MAX_BYTES) this.#fail('the guest wrote an endless line');
  }

  #onLine(line: string): void {
    const message = parse(line);
    if (message === null) this.#fail('the guest wrote what is no message');
    else if (message.event === 'oom') this.#oomKills = Math.max(this.#oomKills, message.kills);
    else if (message.event === 'started') this.#resolveStarted();
    else if (message.event === 'failed') this.#fail(`the guest failed: ${message.detail}`);
    else if (message.event === 'exit') {
      this.#oomKills = Math.max(this.#oomKills, message.oomKills);
      this.#resolveExit({ exitCode: message.exitCode, signal: message.signal, oomKills: message.oomKills });
      this.#waiting?.reject(new SandboxError('sandbox_start_failed', 'the shim ended'));
    } else if (this.#waiting?.answer === message.event) this.#waiting.resolve();
    else this.#fail(`the guest said ${message.event} unasked`);
  }

  #fail(detail: string): void {
    this.#failure ??= new SandboxError('sandbox_start_failed', detail);
    this.#waiting?.reject(this.#failure);
    this.#stream.destroy();
  }
}

function fresh(): { entropy: string; wallTimeMs: number } {
  return { entropy: randomBytes(ENTROPY_BYTES).toString('base64'), wallTimeMs: Date.now() };
}

function parse(line: string): GuestMessage | null {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const isCount = (field: unknown): boolean => Number.isSafeInteger(field) && (field as number) >= 0;
  switch (value.event) {
    case 'started':
    case 'ready':
    case 'begun':
    case 'coded':
      return { event: value.event };
    case 'failed':
      return { event: 'failed', detail: String(value.detail).slice(0, 500) };
    case 'oom':
      return isCount(value.kills) ? { event: 'oom', kills: value.kills as number } : null;
    case 'exit': {
      const exitCode = isCount(value.exitCode) ? (value.exitCode as number) : null;
      const signal = typeof value.signal === 'string' ? value.signal.slice(0, 20) : null;
      return isCount(value.oomKills) ? { event: 'exit', exitCode, signal, oomKills: value.oomKills as number } : null;
    }
    default:
      return null;
  }
}
