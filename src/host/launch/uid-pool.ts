import { readdirSync } from 'node:fs';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { tryRead } from '../kernel-file.ts';

/** The overflow uid. Files of unmapped owners look like its own, so no sandbox may be it. */
const OVERFLOW_UID = 65_534;

/**
 * Hands out one host uid (also used as gid) per live sandbox: inotify, pipe, keyring and queue budgets are per uid, and
 * files and processes of one sandbox are then nobody else's. A released uid rests in quarantine until no process of it
 * lives; fresh ones are used first, so that scans of /proc are rare. States of a uid: free, taken, resting.
 */
export class UidPool {
  readonly #first: number;
  readonly #count: number;
  readonly #offset: number;
  readonly #listLiveUids: () => Set<number>;
  readonly #taken = new Set<number>();
  #resting: number[] = [];
  #free: number[] = [];
  #unused: number;
  #foreign: Set<number> | null = null;

  /** `seed` (the instance id) shifts where the range begins, so that two servers on one host rarely meet. */
  constructor(
    range: { first: number; count: number },
    options: { seed?: string; listLiveUids?: () => Set<number> } = {},
  ) {
    this.#first = range.first;
    this.#count = range.count;
    this.#unused = range.count;
    this.#offset = range.count === 0 ? 0 : Number.parseInt((options.seed ?? '0').slice(0, 8), 16) % range.count || 0;
    this.#listLiveUids = options.listLiveUids ?? listLiveUids;
  }

  get takenCount(): number {
    return this.#taken.size;
  }

  /** A uid that no live process has. Throws SandboxError `sandbox_start_failed` when all are in use. */
  acquire(): number {
    const uid = this.#next();
    this.#taken.add(uid);
    return uid;
  }

  /** Gives the uid back into quarantine. For an unknown uid it does nothing. */
  release(uid: number): void {
    if (this.#taken.delete(uid)) this.#resting.push(uid);
  }

  #next(): number {
    while (this.#unused > 0) {
      const uid = this.#first + ((this.#count - this.#unused + this.#offset) % this.#count);
      this.#unused--;
      this.#foreign ??= this.#listLiveUids();
      if (uid === OVERFLOW_UID || uid === 0) continue;
      // A process of somebody else has this uid: another server's sandbox, or one of an earlier life. It may be free
      // later.
      if (this.#foreign.has(uid)) this.#resting.push(uid);
      else return uid;
    }
    if (this.#free.length === 0) this.#sift();
    const uid = this.#free.pop();
    if (uid === undefined) throw new SandboxError('sandbox_start_failed', 'every sandbox uid is in use');
    return uid;
  }

  #sift(): void {
    const live = this.#listLiveUids();
    this.#free = this.#resting.filter((uid) => !live.has(uid));
    this.#resting = this.#resting.filter((uid) => live.has(uid));
  }
}

/** Real uids of all processes now. */
export function listLiveUids(): Set<number> {
  return new Set(processUids().map(([, uid]) => uid));
}

/** Processes of that uid now; used where no cgroup can name them. */
export function pidsOfUid(uid: number): number[] {
  return processUids()
    .filter(([, owner]) => owner === uid)
    .map(([pid]) => pid);
}

/**
 * Read from `status`, not from the owner of /proc/<pid>: a process that is no longer dumpable makes that owner root.
 */
function processUids(): [pid: number, uid: number][] {
  const found: [number, number][] = [];
  for (const name of readdirSync('/proc')) {
    if (name < '0' || name > ':') continue;
    const status = tryRead(`/proc/${name}/status`) ?? '';
    const uid = /^Uid:\t(\d+)/m.exec(status)?.[1];
    // A zombie runs nothing and owns nothing; it waits for a parent, perhaps for long.
    if (/^State:\t[ZX]/m.test(status)) continue;
    if (uid !== undefined) found.push([Number(name), Number(uid)]);
  }
  return found;
}
