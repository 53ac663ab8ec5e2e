import type { Log } from '../../domain/log.ts';
import type { ClassPools } from '../state/class-pools.ts';
import type { LeaveReason, PooledSandbox } from '../state/pooled-sandbox.ts';
import { Freezer } from './freezer.ts';

export interface OwnedSandboxesHost {
  /** A sandbox serves nothing new any more, so another one may be needed. */
  left(): void;
  /** The first try of removing a sandbox failed. The guard tries again; its memory is not free. */
  stuck(entry: PooledSandbox): void;
  /** Nothing of a sandbox is left, and its memory is free. */
  removed(entry: PooledSandbox): void;
}

/**
 * Every sandbox the pool owns, from its create until nothing of it is left. A leak is therefore a row that stays here. A
 * sandbox is given up once (`isGone`), by whatever comes first: its death, an eviction, the end of its revision, a stop. It is
 * destroyed when its last lease is back, so that calls in flight finish (I9). It counts against the host's memory until it is
 * removed, however often that has to be tried.
 */
export class OwnedSandboxes {
  readonly #entries = new Map<string, PooledSandbox>();
  readonly #removals = new Set<Promise<void>>();
  readonly #classes: ClassPools;
  readonly #host: OwnedSandboxesHost;
  readonly #log: Log;
  readonly freezer: Freezer;

  constructor(classes: ClassPools, log: Log, host: OwnedSandboxesHost) {
    this.#classes = classes;
    this.#log = log;
    this.#host = host;
    this.freezer = new Freezer(log, (entry) => this.discard(entry, 'sandbox_lost'));
  }

  get all(): Iterable<PooledSandbox> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  byId(id: string): PooledSandbox | null {
    return this.#entries.get(id) ?? null;
  }

  /** False when it was dead on arrival. */
  add(entry: PooledSandbox): boolean {
    this.#entries.set(entry.sandbox.id, entry);
    this.#classes.of(entry.sandboxClass).population++;
    entry.sandbox.onDead(() => this.discard(entry, 'sandbox_lost'));
    void entry.sandbox.removed.then(() => this.#removed(entry));
    entry.sandbox.onCrash((crash) => entry.boundTo?.crashed(crash));
    if (!entry.sandbox.alive) this.discard(entry, 'sandbox_lost');
    return !entry.isGone;
  }

  /** Takes it out of use at once and destroys it when its last call is done. Safe to repeat. */
  discard(entry: PooledSandbox, reason: LeaveReason): void {
    if (entry.isGone) return;
    entry.isGone = true;
    this.freezer.forget(entry);
    if (entry.boundTo === null) this.#classes.of(entry.sandboxClass).removeReady(entry);
    else entry.boundTo.leave(entry, reason);
    if (entry.leases === 0) this.destroy(entry, reason);
    this.#host.left();
  }

  /** Only after `discard`, which calls it when nothing is leased; otherwise the last release does. */
  destroy(entry: PooledSandbox, reason: string): void {
    const removal = entry.sandbox
      .destroy(reason)
      .catch((error: unknown) => {
        this.#log.warn({ sandboxId: entry.sandbox.id, err: error }, 'a sandbox could not be told to end');
      })
      .then(() => {
        this.#removals.delete(removal);
        if (entry.isStuck || !this.#entries.has(entry.sandbox.id)) return;
        entry.isStuck = true;
        this.#host.stuck(entry);
      });
    this.#removals.add(removal);
  }

  #removed(entry: PooledSandbox): void {
    this.#entries.delete(entry.sandbox.id);
    this.#classes.of(entry.sandboxClass).population--;
    this.#host.removed(entry);
  }

  /** Destroys everything, calls in flight included, and resolves when each has had its first try of removal. */
  async destroyAll(): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      if (entry.isGone) this.destroy(entry, 'stopping');
      else this.discard(entry, 'stopping');
      if (entry.leases > 0) this.destroy(entry, 'stopping');
    }
    while (this.#removals.size > 0) await Promise.all(this.#removals);
    this.freezer.stop();
  }
}
