import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { type Removal, removal } from './tree-removal.ts';

/** Steps of one removal before another has its turn: one tree of a million files holds up nobody else's. */
const STEPS_PER_TURN = 256;

/** What is asked of the worker. */
export type RemovalRequest =
  | { id: number; do: 'remove'; path: string }
  /** What a uid owns directly in a folder that everybody may write. */
  | { id: number; do: 'remove-owned'; folder: string; uid: number }
  | { id: number; do: 'forget' };

export interface RemovalAnswer {
  id: number;
  removal: Removal | null;
  /** Why the removal could not even begin. Null when it did. */
  failure: string | null;
}

const running = new Map<number, Generator<void, Removal>>();
let isTurning = false;

parentPort?.on('message', (request: RemovalRequest) => {
  if (request.do === 'forget') {
    running.delete(request.id);
    return;
  }
  running.set(request.id, request.do === 'remove' ? whole(request.path) : owned(request.folder, request.uid));
  if (isTurning) return;
  isTurning = true;
  setImmediate(turn);
});

function turn(): void {
  for (const [id, steps] of running) {
    const answer = advance(id, steps);
    if (answer === null) continue;
    running.delete(id);
    parentPort?.postMessage(answer);
  }
  isTurning = running.size > 0;
  if (isTurning) setImmediate(turn);
}

/** Null while there is more to do. */
function advance(id: number, steps: Generator<void, Removal>): RemovalAnswer | null {
  try {
    for (let step = 0; step < STEPS_PER_TURN; step++) {
      const next = steps.next();
      if (next.done) return { id, removal: next.value, failure: null };
    }
    return null;
  } catch (error) {
    return { id, removal: null, failure: String(error) };
  }
}

function* whole(path: string): Generator<void, Removal> {
  return yield* removal(dirname(path), Buffer.from(basename(path)));
}

function* owned(folder: string, uid: number): Generator<void, Removal> {
  const total: Removal = { left: 0, told: [] };
  for (const name of readdirSync(folder, { encoding: 'buffer' })) {
    const { left, told } = yield* removal(folder, name, uid);
    total.left += left;
    total.told.push(...told);
  }
  return total;
}
