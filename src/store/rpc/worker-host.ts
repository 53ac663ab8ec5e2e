import { parentPort } from 'node:worker_threads';
import type { ColdframeError } from '../../errors/coldframe-error.ts';
import { type FromWorker, monotonicMs, type ToWorker, type WireError } from './protocol.ts';

/** One call as a worker works on it; answered exactly once, or left when it has expired: its caller was told already. */
export interface IncomingCall {
  method: string;
  args: unknown[];
  /** Asked before work on it begins. */
  isExpired(): boolean;
  succeed(value: unknown): void;
  fail(error: unknown): void;
}

/** What a worker offers. It is built after its database is open. */
export interface WorkerService {
  /** Works on everything that has come in since the last turn, in order, and answers each call that has not expired. */
  serve(calls: IncomingCall[]): Promise<void>;
  close(): void;
}

/**
 * Runs inside a store worker. It opens the service, then gives it the calls that came in while it worked on earlier
 * ones; this is how control.db commits many writes at once. After `close` it answers what is queued and ends.
 * `failureOf` turns whatever the service throws into an error of the catalogue.
 */
export async function hostWorker(
  open: () => Promise<WorkerService>,
  failureOf: (error: unknown) => ColdframeError,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a store worker must be started as a worker thread');
  const send = (message: FromWorker): void => port.postMessage(message);
  let service: WorkerService;
  try {
    service = await open();
  } catch (error) {
    send({ kind: 'failed', error: wireErrorOf(failureOf(error)) });
    return;
  }
  let queue: IncomingCall[] = [];
  let isServing = false;
  let isClosing = false;

  async function serveAll(): Promise<void> {
    isServing = true;
    while (queue.length > 0) {
      const calls = queue;
      queue = [];
      await service.serve(calls);
      // Lets the port deliver what has arrived meanwhile, so that it joins the next turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    isServing = false;
    if (isClosing) end();
  }

  function end(): void {
    service.close();
    port?.close();
  }

  port.on('message', (message: ToWorker) => {
    if (message.kind === 'close') isClosing = true;
    else queue.push(incomingCall(message, send, failureOf));
    if (!isServing) void (queue.length > 0 ? serveAll() : isClosing ? end() : undefined);
  });
  send({ kind: 'ready' });
}

function incomingCall(
  message: Extract<ToWorker, { kind: 'call' }>,
  send: (message: FromWorker) => void,
  failureOf: (error: unknown) => ColdframeError,
): IncomingCall {
  return {
    method: message.method,
    args: message.args,
    isExpired: () => monotonicMs() >= message.deadlineMs,
    succeed: (value) => send({ kind: 'result', id: message.id, value }),
    fail: (error) => send({ kind: 'error', id: message.id, error: wireErrorOf(failureOf(error)) }),
  };
}

function wireErrorOf(known: ColdframeError): WireError {
  return {
    code: known.code,
    internalMessage: known.cause instanceof Error ? `${known.message}: ${known.cause.message}` : known.message,
    publicMessage: known.publicMessage === known.entry.detail ? null : known.publicMessage,
    errors: known.errors,
    context: known.context,
  };
}
