import { parentPort } from 'node:worker_threads';
import type { ColdframeError } from '../../errors/coldframe-error.ts';
import { CallTurns } from './call-turns.ts';
import { type FromWorker, monotonicMs, type ToWorker, type WireError } from './protocol.ts';

/** One call as a worker works on it; answered exactly once, or left when it was given up: its caller was told already. */
export interface IncomingCall {
  method: string;
  args: unknown[];
  caller: string;
  /** Its deadline has passed or its caller has left. Asked before work on it begins, and in long work now and then. */
  isGivenUp(): boolean;
  succeed(value: unknown): void;
  fail(error: unknown): void;
}

/** What a worker offers. It is built after its database is open. */
export interface WorkerService {
  /**
   * `all`: `serve` is given everything that has come in since the last time, in order, as commits that share a transaction
   * need it. `turns`: one call each time, and callers take turns.
   */
  takes: 'all' | 'turns';
  /** Works on the calls and answers each that was not given up. */
  serve(calls: IncomingCall[]): Promise<void>;
  close(): void;
}

/**
 * Runs inside a store worker. It opens the service, then gives it the calls that came in while it worked on earlier
 * ones, all (this is how control.db commits many writes at once) or by turns. After `close` it answers what is queued and ends.
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
  const arrived: HeldCall[] = [];
  const turns = new CallTurns<HeldCall>();
  /** Calls that are neither answered nor left. */
  const held = new Map<number, HeldCall>();
  let isServing = false;
  let isClosing = false;

  function nextCalls(): HeldCall[] {
    if (service.takes === 'all') return arrived.splice(0);
    const call = turns.take();
    return call === null ? [] : [call];
  }

  function arrive(message: CallMessage): void {
    const answer = (reply: FromWorker): void => {
      held.delete(message.id);
      send(reply);
    };
    const call = heldCall(message, answer, failureOf);
    held.set(message.id, call);
    if (service.takes === 'all') arrived.push(call);
    else turns.push(call);
  }

  async function serveAll(): Promise<void> {
    isServing = true;
    for (let calls = nextCalls(); calls.length > 0; calls = nextCalls()) {
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
    else if (message.kind === 'call') arrive(message);
    else {
      held.get(message.id)?.leave();
      held.delete(message.id);
    }
    if (!isServing) void serveAll();
  });
  send({ kind: 'ready' });
}

type CallMessage = Extract<ToWorker, { kind: 'call' }>;
type HeldCall = IncomingCall & { leave(): void };

function heldCall(
  { id, method, args, caller, deadlineMs }: CallMessage,
  answer: (message: FromWorker) => void,
  failureOf: (error: unknown) => ColdframeError,
): HeldCall {
  let hasLeft = false;
  return {
    method,
    args,
    caller,
    isGivenUp: () => hasLeft || monotonicMs() >= deadlineMs,
    leave() {
      hasLeft = true;
    },
    succeed: (value) => answer({ kind: 'result', id, value }),
    fail: (error) => answer({ kind: 'error', id, error: wireErrorOf(failureOf(error)) }),
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
