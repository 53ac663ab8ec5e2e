import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RemovalAnswer, RemovalRequest } from './tree-removal-worker.ts';

/** The walker holds a few names at a time. */
const HEAP_MAX_MIB = 64;

type Work = { do: 'remove'; path: string } | { do: 'remove-owned'; folder: string; uid: number };

/**
 * Deletes a folder that sandboxes may have written into, whatever they made of it. It never follows links, not even
 * those that appear during the removal. Neither depth, names, modes nor numbers stop it. It works off the serving
 * thread. The folder above must be ours. Rejects when something is left, with its names. On abort, what is not yet
 * removed stays. Safe to repeat.
 */
export function removeTree(path: string, signal: AbortSignal): Promise<void> {
  return ask({ do: 'remove', path }, signal, path);
}

/** The same for everything that a uid owns directly in a folder that everybody may write. */
export function removeOwned(folder: string, uid: number, signal: AbortSignal): Promise<void> {
  return ask({ do: 'remove-owned', folder, uid }, signal, folder);
}

let worker: Worker | null = null;
let lastId = 0;
const pending = new Map<number, (answer: RemovalAnswer) => void>();

async function ask(work: Work, signal: AbortSignal, what: string): Promise<void> {
  signal.throwIfAborted();
  const id = ++lastId;
  const answered = Promise.withResolvers<RemovalAnswer>();
  pending.set(id, answered.resolve);
  const onAbort = () => {
    worker?.postMessage({ id, do: 'forget' } satisfies RemovalRequest);
    answered.reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const walker = startedWorker();
    walker.ref();
    walker.postMessage({ id, ...work } satisfies RemovalRequest);
    const { removal, failure } = await answered.promise;
    if (removal === null) throw new Error(`${what} cannot be removed: ${failure}`);
    if (removal.left > 0) throw new Error(`${what}: ${removal.left} left, e.g. ${removal.told.join(', ')}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
    pending.delete(id);
    // It keeps the process alive only while something is being removed.
    if (pending.size === 0) worker?.unref();
  }
}

/** One worker for the whole process: removals take turns in it. */
function startedWorker(): Worker {
  if (worker !== null) return worker;
  const url = new URL(`./tree-removal-worker${extname(import.meta.url)}`, import.meta.url);
  const started = new Worker(url, {
    ...{ env: {}, stdin: false, execArgv: ['--no-warnings'] },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MIB },
  });
  started.on('error', () => undefined);
  started.on('message', (answer: RemovalAnswer) => pending.get(answer.id)?.(answer));
  started.once('exit', () => {
    if (worker === started) worker = null;
    for (const [id, resolve] of pending) resolve({ id, removal: null, failure: 'the walker ended' });
  });
  worker = started;
  return started;
}
