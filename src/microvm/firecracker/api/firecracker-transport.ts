import type { Readable } from 'node:stream';
import { Client, type Dispatcher } from 'undici';
import { FirecrackerError, toFirecrackerError } from './firecracker-error.ts';

/** Largest answer that is read, in bytes. The largest possible answer describes one whole VM. */
const REPLY_MAX_BYTES = 256 * 1024;
/** Fault messages are cut here, in characters. */
const MESSAGE_MAX_CHARS = 500;

export interface FirecrackerCall {
  method: 'GET' | 'PUT' | 'PATCH';
  path: string;
  body?: unknown;
  deadlineMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * HTTP to one Firecracker process over its Unix socket. Each call has a deadline over the whole exchange and an abort, answers
 * are bounded and always read to their end, and every failure is a FirecrackerError. Nothing is ever tried again: after
 * `timeout` or `lost` the process is in an unknown state and its owner ends it.
 */
export class FirecrackerTransport {
  readonly #client: Client;
  #isClosed = false;

  constructor(socketPath: string) {
    // One connection: the process answers one call after the other.
    this.#client = new Client('http://firecracker', { socketPath, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** The JSON of a 200, or null for a 204. Rejects for any other status. */
  async send(call: FirecrackerCall): Promise<unknown> {
    const name = `${call.method} ${call.path}`;
    if (this.#isClosed) throw new FirecrackerError('aborted', `${name}: the client is closed`);
    if (call.signal?.aborted) throw new FirecrackerError('aborted', `${name}: aborted`);
    const control = new AbortController();
    const abort = () => control.abort(new FirecrackerError('aborted', `${name}: aborted`));
    const timer = setTimeout(() => {
      control.abort(new FirecrackerError('timeout', `${name}: no complete answer within ${call.deadlineMs} ms`));
    }, call.deadlineMs);
    call.signal?.addEventListener('abort', abort, { once: true });
    let body: Dispatcher.ResponseData['body'] | null = null;
    try {
      const response = await this.#client.request(requestOf(call, control.signal));
      body = response.body;
      return read(name, response.statusCode, await readText(body, name));
    } catch (error) {
      // A body that was left half-read would keep the connection. A destroyed body without a listener would raise.
      body?.on('error', () => {}).destroy();
      throw control.signal.aborted ? control.signal.reason : toFirecrackerError(error, name);
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends calls under way as `aborted` or `lost`; safe to repeat. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client.destroy();
  }
}

function requestOf(call: FirecrackerCall, signal: AbortSignal): Dispatcher.RequestOptions {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  return { method: call.method, path: call.path, headers, body, signal };
}

function read(name: string, status: number, text: string): unknown {
  if (status === 204) return null;
  const value = parse(text);
  if (status === 200 && value !== undefined) return value;
  if (status === 200) throw new FirecrackerError('invalid_reply', `${name}: the answer is not JSON`, { status });
  throw new FirecrackerError('refused', `${name}: ${status} ${faultOf(value, text)}`, { status });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function faultOf(value: unknown, text: string): string {
  const isFault = typeof value === 'object' && value !== null && 'fault_message' in value;
  return (isFault ? String(value.fault_message) : text).trim().slice(0, MESSAGE_MAX_CHARS);
}

async function readText(body: Readable, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > REPLY_MAX_BYTES)
      throw new FirecrackerError('invalid_reply', `${name}: more than ${REPLY_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
