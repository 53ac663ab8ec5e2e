import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../domain/limits.ts';
import { removeTree } from '../host/slot/remove-tree.ts';
import type { VmSnapshot } from './vmm.ts';

/** Snapshots kept at once: one per kind of machine (runtime, memory, disk ...) in use. */
export interface SnapshotBounds {
  snapshotsMax: number;
  bytesMax: number;
}
const BOUNDS: SnapshotBounds = { snapshotsMax: 12, bytesMax: 4096 * MIB };

/** A snapshot is a few files, whatever their size. */
const REMOVE_DEADLINE_MS = 30_000;

interface Entry<S> {
  directory: string;
  made: Promise<S>;
  bytes: number;
  users: number;
}

/**
 * Snapshots by kind of machine. Each is made once, however many callers wait, in memory and on disk, for this start of
 * the server alone. Beyond the bounds the longest unused go; one in use stays until its last user is done. A failed
 * making is forgotten: the next caller tries again.
 */
export class SnapshotStore<S extends VmSnapshot> {
  readonly #directory: string;
  readonly #bounds: SnapshotBounds;
  /** In order of use. */
  readonly #entries = new Map<string, Entry<S>>();
  readonly #stopping = new AbortController();
  #made = 0;

  constructor(directory: string, bounds: SnapshotBounds = BOUNDS) {
    this.#directory = directory;
    this.#bounds = bounds;
  }

  /**
   * Runs `use` with the snapshot of that kind. `make` gets an empty directory and a signal that aborts when the store
   * is closed. It goes on when the caller's own signal aborts, because others may wait and the next caller will need
   * it.
   */
  async with<T>(
    key: string,
    make: (directory: string, signal: AbortSignal) => Promise<S>,
    use: (snapshot: S) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const entry = this.#entry(key, make);
    entry.users++;
    try {
      return await use(await orAborted(entry.made, signal));
    } finally {
      entry.users--;
      await this.#evict();
    }
  }

  /** Ends what is being made and removes everything. Every user must be done by then. */
  async close(): Promise<void> {
    this.#stopping.abort(new Error('the snapshots are being closed'));
    await Promise.allSettled([...this.#entries.values()].map((entry) => entry.made));
    this.#entries.clear();
    await remove(this.#directory);
  }

  #entry(key: string, make: (directory: string, signal: AbortSignal) => Promise<S>): Entry<S> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const directory = join(this.#directory, String(++this.#made));
    const entry: Entry<S> = { directory, bytes: 0, users: 0, made: this.#make(directory, make) };
    this.#entries.set(key, entry);
    entry.made.then(
      (snapshot) => {
        entry.bytes = snapshot.bytes;
      },
      () => this.#entries.delete(key),
    );
    return entry;
  }

  async #make(directory: string, make: (directory: string, signal: AbortSignal) => Promise<S>): Promise<S> {
    try {
      // Sandbox uids may pass through, and read what is named to them.
      await mkdir(directory, { recursive: true, mode: 0o711 });
      return await make(directory, this.#stopping.signal);
    } catch (error) {
      await remove(directory);
      throw error;
    }
  }

  async #evict(): Promise<void> {
    let bytes = 0;
    const newestFirst = [...this.#entries].reverse();
    for (const [index, [key, entry]] of newestFirst.entries()) {
      bytes += entry.bytes;
      const isWithin = index < this.#bounds.snapshotsMax && bytes <= this.#bounds.bytesMax;
      if (isWithin || index === 0 || entry.users > 0 || entry.bytes === 0) continue;
      this.#entries.delete(key);
      await remove(entry.directory);
    }
  }
}

/** Monitors wrote what lies there, so no path in it is followed. */
async function remove(directory: string): Promise<void> {
  await removeTree(directory, AbortSignal.timeout(REMOVE_DEADLINE_MS));
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
