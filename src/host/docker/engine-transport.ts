import type { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { EngineError, refusal, toEngineError } from './engine-error.ts';

/** Connections for short calls: enough for a burst of creates, few enough never to swamp the daemon. */
const CALL_CONNECTIONS_MAX = 8;
/** Connections for calls that last (wait, pull, build), so that they never starve the short ones. */
const STREAM_CONNECTIONS_MAX = 8;
/** Calls under way and waiting; beyond it something has gone wrong and waiting longer helps nobody. */
const PENDING_MAX = 512;
/** Largest JSON answer read, in bytes: a list of thousands of containers fits. */
const REPLY_MAX_BYTES = 8 * 1024 * 1024;
/** Longest line of a progress stream, in bytes. */
const LINE_MAX_BYTES = 1024 * 1024;
/** Error texts of the engine are cut here, in characters. */
const MESSAGE_MAX_CHARS = 500;

export interface EngineCall {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** JSON, or a stream (a tar archive) sent chunked. */
  body?: unknown;
  stream?: Readable;
  headers?: Record<string, string>;
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** Statuses besides 2xx that count as success (304: already so). */
  accept?: readonly number[];
  /** For calls that last by nature. */
  lasting?: boolean;
}

export interface EngineReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/**
 * HTTP to the engine's Unix socket with everything bounded: connections, waiting calls, answer sizes, and time. Each call has
 * a deadline over the whole exchange, so a daemon that hangs costs its caller that long and nobody else anything: the broken
 * connection is dropped, bodies are always read or destroyed, and every failure is an EngineError.
 */
export class EngineTransport {
  readonly #calls: Pool;
  readonly #lasting: Pool;
  #pending = 0;
  #closed = false;

  constructor(socketPath: string) {
    const options = { socketPath, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 30_000 };
    this.#calls = new Pool('http://engine', { ...options, connections: CALL_CONNECTIONS_MAX });
    this.#lasting = new Pool('http://engine', { ...options, connections: STREAM_CONNECTIONS_MAX });
  }

  /** One call, one complete answer. */
  async send(call: EngineCall): Promise<EngineReply> {
    return await this.#exchange(call, async (response) => {
      const text = await readText(response.body, REPLY_MAX_BYTES);
      if (!isAccepted(call, response.statusCode)) throw refusal(nameOf(call), response.statusCode, messageOf(text));
      return { status: response.statusCode, headers: response.headers, text };
    });
  }

  /** A call answered by JSON lines; `onLine` hears each. A line that says `error` rejects. */
  async sendForLines(call: EngineCall, onLine: (line: Record<string, unknown>) => void): Promise<void> {
    await this.#exchange({ ...call, lasting: true }, async (response) => {
      if (!isAccepted(call, response.statusCode)) {
        const text = await readText(response.body, REPLY_MAX_BYTES);
        throw refusal(nameOf(call), response.statusCode, messageOf(text));
      }
      for await (const line of linesOf(response.body)) {
        const value = parse(line, nameOf(call));
        if (typeof value.error === 'string') throw new EngineError('refused', `${nameOf(call)}: ${value.error}`);
        onLine(value);
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#calls.destroy(), this.#lasting.destroy()]);
  }

  async #exchange<T>(call: EngineCall, read: (response: Dispatcher.ResponseData) => Promise<T>): Promise<T> {
    const name = nameOf(call);
    if (this.#closed) throw new EngineError('aborted', `${name}: the client is closed`);
    if (call.signal?.aborted) throw new EngineError('aborted', `${name}: aborted`);
    if (this.#pending >= PENDING_MAX) throw new EngineError('overloaded', `${name}: ${PENDING_MAX} calls are waiting`);
    const control = new AbortController();
    const abort = () => control.abort(new EngineError('aborted', `${name}: aborted`));
    const timer = setTimeout(
      () => control.abort(new EngineError('timeout', `${name}: no complete answer within ${call.deadlineMs} ms`)),
      call.deadlineMs,
    );
    call.signal?.addEventListener('abort', abort, { once: true });
    this.#pending++;
    let body: Dispatcher.ResponseData['body'] | null = null;
    try {
      const response = await (call.lasting ? this.#lasting : this.#calls).request(requestOf(call, control.signal));
      body = response.body;
      return await read(response);
    } catch (error) {
      // A body left half-read would keep its connection; one destroyed without a listener would raise.
      body?.on('error', () => {}).destroy();
      throw control.signal.aborted ? control.signal.reason : toEngineError(error, name);
    } finally {
      this.#pending--;
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', abort);
      call.stream?.destroy();
    }
  }
}

/** Parses one JSON object of an answer. */
export function parse(text: string, call: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngineError('invalid_reply', `${call}: the answer is not JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null) throw new EngineError('invalid_reply', `${call}: not an object`);
  return value as Record<string, unknown>;
}

function requestOf(call: EngineCall, signal: AbortSignal): Dispatcher.RequestOptions {
  const headers: Record<string, string> = { host: 'docker', ...call.headers };
  let body: string | Readable | null = null;
  if (call.stream) {
    body = call.stream;
    headers['content-type'] ??= 'application/x-tar';
  } else if (call.body !== undefined) {
    body = JSON.stringify(call.body);
    headers['content-type'] = 'application/json';
  }
  return { method: call.method, path: call.path, headers, body, signal };
}

function isAccepted(call: EngineCall, status: number): boolean {
  return (status >= 200 && status < 300) || (call.accept?.includes(status) ?? false);
}

function nameOf(call: EngineCall): string {
  return `${call.method} ${call.path.split('?', 1)[0]}`;
}

function messageOf(text: string): string {
  let message = text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'message' in value) message = String(value.message);
  } catch {
    // Not JSON: a proxy or a dying daemon answered in plain words, which serve as well.
  }
  return message.trim().slice(0, MESSAGE_MAX_CHARS);
}

async function readText(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) throw new EngineError('invalid_reply', `an answer of more than ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* linesOf(body: Readable): AsyncGenerator<string> {
  let rest = '';
  body.setEncoding('utf8');
  for await (const chunk of body) {
    const pieces = (rest + (chunk as string)).split('\n');
    rest = pieces.pop() ?? '';
    if (rest.length > LINE_MAX_BYTES) throw new EngineError('invalid_reply', 'a progress line without end');
    for (const piece of pieces) if (piece.trim() !== '') yield piece;
  }
  if (rest.trim() !== '') yield rest;
}
