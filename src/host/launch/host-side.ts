import { SandboxError } from '../../contract/sandbox-error.ts';
import type { SandboxCgroup } from '../cgroup/sandbox-cgroup.ts';
import type { EgressPlace } from '../egress/egress-link.ts';
import type { Slot } from '../slot/slot.ts';
import type { UidPool } from './uid-pool.ts';

/**
 * What one sandbox occupies on this host, whatever runs inside it: a uid, a slot, a cgroup and an egress link. A driver fills it
 * in as it builds. Every driver takes it down here, so that order, repetition and errors are the same for all of them.
 */
export class HostSide {
  readonly id: string;
  /** Null once it is given back, and always where the server may not set uids. */
  uid: number | null;
  /** Each is null until it is made and again after it is removed. */
  slot: Slot | null = null;
  cgroup: SandboxCgroup | null = null;
  link: EgressPlace | null = null;
  readonly #uids: UidPool | null;
  #lastRemoval: Promise<void> = Promise.resolve();

  /** Takes a uid. Throws SandboxError `sandbox_start_failed` when every uid is in use. */
  constructor(id: string, uids: UidPool | null) {
    this.id = id;
    this.#uids = uids;
    this.uid = uids?.acquire() ?? null;
  }

  /**
   * Ends what runs, then removes cgroup, link and slot, and gives the uid back last. Each step needs the one before it: a slot
   * can be unmounted when nobody works in it, and a uid may be used again when nothing of its owner is left. Rejects with a
   * SandboxError when something is left or the signal aborts. It may be called again and continues where it stopped; calls at the
   * same time run one after the other.
   *
   * `endProcesses` ends what the driver started. `tidy` removes what a uid can leave outside the slot.
   */
  remove(
    signal: AbortSignal,
    { endProcesses, tidy }: { endProcesses?: () => Promise<void>; tidy?: (uid: number) => Promise<void> } = {},
  ): Promise<void> {
    const removal = this.#lastRemoval.then(async () => {
      try {
        await endProcesses?.();
        await this.#remove(signal, tidy);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const message = `sandbox ${this.id} could not be removed entirely: ${why}`;
        throw new SandboxError('sandbox_start_failed', message, { cause });
      }
    });
    this.#lastRemoval = removal.catch(() => undefined);
    return removal;
  }

  async #remove(signal: AbortSignal, tidy?: (uid: number) => Promise<void>): Promise<void> {
    this.cgroup?.kill();
    await this.cgroup?.remove(signal);
    this.cgroup = null;
    await this.link?.detach(signal);
    this.link = null;
    await this.slot?.remove(signal);
    this.slot = null;
    const { uid } = this;
    if (uid === null) return;
    await tidy?.(uid);
    this.uid = null;
    this.#uids?.release(uid);
  }
}
