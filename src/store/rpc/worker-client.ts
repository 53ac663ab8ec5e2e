import { Worker } from 'node:worker_threads';
import { type Asker, AskerLeft } from '../../domain/asker.ts';
import type { Log } from '../../domain/log.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { type FromWorker, monotonicMs, type ToWorker, type WireError } from './protocol.ts';

/** A call without an answer after this long is given up, because the disk is stalled. */
const CALL_DEADLINE_MS = 10_000;
/** Calls that wait for one worker. More of them would only run into the deadline. */
const CALLS_IN_FLIGHT_MAX = 1_000;
/** The part of them that one caller may have: the others' questions find room. */
const CALLS_OF_ONE_MAX = 100;
/** Who asks when nobody is named. */
const SERVER = '';
/** Deadline of `ready`. Migrations of a large database run before it. */
const OPEN_DEADLINE_MS = 120_000;
const CLOSE_DEADLINE_MS = 10_000;
/**
 * A worker that dies is started again after this long, which doubles each time. After a worker that lived long enough
 * it begins anew.
 */
const RESTART_FIRST_MS = 100;
const RESTART_LONGEST_MS = 10_000;
const HEALTHY_AFTER_MS = 60_000;
/** Heap of one store worker: a runaway query ends that worker, never the server. */
const WORKER_HEAP_MIB = 512;
/** Rows on their way live as long as one message; the server's own flag would let each worker hold 96 MiB of them. */
const WORKER_YOUNG_MIB = 12;

export interface WorkerClientOptions {
  name: string;
  url: URL;
  workerData: Record<string, unknown>;
  log: Log;
}

export interface CallOptions {
  deadlineMs?: number;
  /** For whom the server asks; itself when it is not given. */
  asker?: Asker | undefined;
}

interface PendingCall {
  caller: string;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  /** Ends the deadline and the interest in the asker's leaving. */
  settled(): void;
}

/**
 * The serving thread's end of one store worker: calls with deadlines, bounded in number. When the worker dies, calls in
 * flight fail with `storage_unavailable` (a write among them may or may not have been committed) and it is started again;
 * until it is ready, calls fail at once. States: opening, ready, down (waiting to restart), closed.
 */
export class WorkerClient {
  readonly #options: WorkerClientOptions;
  readonly #pending = new Map<number, PendingCall>();
  readonly #pendingOf = new Map<string, number>();
  #worker: Worker | null = null;
  #state: 'opening' | 'ready' | 'down' | 'closed' = 'opening';
  #nextId = 1;
  #restartMs = RESTART_FIRST_MS;
  #restartTimer: NodeJS.Timeout | null = null;
  #startedAtMs = 0;
  #hasBeenReady = false;

  private constructor(options: WorkerClientOptions) {
    this.#options = options;
  }

  /** Starts the worker and waits until its database is open and migrated; rejects with the worker's own error. */
  static async open(options: WorkerClientOptions): Promise<WorkerClient> {
    const client = new WorkerClient(options);
    await client.#start();
    return client;
  }

  /**
   * What waits in the worker beyond its deadline, or after its asker has left, is not worked on any more: the call rejects then
   * with `storage_unavailable` or `AskerLeft`. One asker with too many calls gets `overloaded`.
   */
  call(method: string, args: unknown[], { deadlineMs = CALL_DEADLINE_MS, asker }: CallOptions = {}): Promise<unknown> {
    const worker = this.#worker;
    const caller = asker?.caller ?? SERVER;
    if (this.#state !== 'ready' || worker === null) return Promise.reject(this.#unavailable(`is ${this.#state}`));
    if (asker?.signal.aborted) return Promise.reject(new AskerLeft());
    if (caller !== SERVER && this.#heldBy(caller) >= CALLS_OF_ONE_MAX) return Promise.reject(tooManyOfOne());
    if (this.#pending.size >= CALLS_IN_FLIGHT_MAX) return Promise.reject(this.#unavailable('has too many calls'));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const giveUp = (error: Error): void => {
        this.#forget(id);
        this.#worker?.postMessage({ kind: 'leave', id } satisfies ToWorker);
        reject(error);
      };
      const onLeave = (): void => giveUp(new AskerLeft());
      const deadline = setTimeout(
        () => giveUp(this.#unavailable(`did not answer ${method} within ${deadlineMs} ms`)),
        deadlineMs,
      );
      asker?.signal.addEventListener('abort', onLeave);
      const settled = (): void => {
        clearTimeout(deadline);
        asker?.signal.removeEventListener('abort', onLeave);
      };
      this.#pending.set(id, { caller, resolve, reject, settled });
      this.#pendingOf.set(caller, this.#heldBy(caller) + 1);
      const untilMs = monotonicMs() + deadlineMs;
      worker.postMessage({ kind: 'call', id, method, args, deadlineMs: untilMs, caller } satisfies ToWorker);
    });
  }

  /** Calls made before are answered first. Then the worker closes its database and ends. Safe to repeat. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#state = 'closed';
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(() => void worker.terminate(), CLOSE_DEADLINE_MS);
      worker.once('exit', () => {
        clearTimeout(deadline);
        resolve();
      });
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
    });
  }

  #start(): Promise<void> {
    this.#state = 'opening';
    this.#startedAtMs = performance.now();
    const worker = new Worker(this.#options.url, {
      name: this.#options.name,
      workerData: this.#options.workerData,
      // The server's own flags (an --input-type, an inspector's port) are not the worker's.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB, maxYoungGenerationSizeMb: WORKER_YOUNG_MIB },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(this.#unavailable('did not open in time'));
        void worker.terminate();
      }, OPEN_DEADLINE_MS);
      let failure: Error | null = null;
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          this.#becameReady();
          clearTimeout(deadline);
          resolve();
        } else if (message.kind === 'failed') failure = errorFromWire(message.error);
        else this.#settle(message);
      });
      worker.on('error', (error: Error) => {
        failure ??= this.#unavailable('crashed', error);
      });
      worker.on('exit', () => {
        clearTimeout(deadline);
        const cause = failure ?? this.#unavailable('ended');
        this.#ended(cause);
        reject(cause);
      });
    });
  }

  #becameReady(): void {
    this.#hasBeenReady = true;
    // It was closed meanwhile: the close message is on its way behind this one.
    if (this.#state === 'opening') this.#state = 'ready';
  }

  #settle(message: Extract<FromWorker, { kind: 'result' | 'error' }>): void {
    const call = this.#forget(message.id);
    // It was given up meanwhile, and the caller was already told.
    if (call === null) return;
    if (message.kind === 'result') call.resolve(message.value);
    else call.reject(errorFromWire(message.error));
  }

  #heldBy(caller: string): number {
    return this.#pendingOf.get(caller) ?? 0;
  }

  /** The call, which is pending no longer. Null when it was not. */
  #forget(id: number): PendingCall | null {
    const call = this.#pending.get(id);
    if (call === undefined) return null;
    this.#pending.delete(id);
    const left = this.#heldBy(call.caller) - 1;
    if (left === 0) this.#pendingOf.delete(call.caller);
    else this.#pendingOf.set(call.caller, left);
    call.settled();
    return call;
  }

  #ended(cause: Error): void {
    this.#worker = null;
    for (const [id, call] of [...this.#pending]) {
      this.#forget(id);
      call.reject(this.#unavailable('ended during the call', cause));
    }
    if (this.#state === 'closed') return;
    this.#state = 'down';
    // Whoever opens it is told and decides. Only a worker that once worked is started again.
    if (!this.#hasBeenReady) return;
    this.#options.log.error(
      { err: cause, worker: this.#options.name, restartMs: this.#restartMs },
      'a store worker ended',
    );
    this.#restartLater();
  }

  #restartLater(): void {
    if (performance.now() - this.#startedAtMs > HEALTHY_AFTER_MS) this.#restartMs = RESTART_FIRST_MS;
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = null;
      // A failed restart ends in #ended, which plans the next one.
      this.#start().catch(() => undefined);
    }, this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_LONGEST_MS);
  }

  #unavailable(what: string, cause?: unknown): ColdframeError {
    return new ColdframeError('storage_unavailable', {
      internalMessage: `store worker ${this.#options.name} ${what}`,
      cause,
    });
  }
}

function tooManyOfOne(): ColdframeError {
  return new ColdframeError('overloaded', {
    publicMessage: `This key has ${CALLS_OF_ONE_MAX} questions about records, logs and metrics waiting at once, which is its share. Wait for some answers, or use another key.`,
  });
}

function errorFromWire(error: WireError): ColdframeError {
  return new ColdframeError(error.code, {
    internalMessage: error.internalMessage,
    ...(error.publicMessage === null ? {} : { publicMessage: error.publicMessage }),
    errors: error.errors,
    context: error.context,
  });
}
