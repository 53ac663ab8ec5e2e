import { existsSync } from 'node:fs';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { SandboxCgroup } from '../../../host/cgroup/sandbox-cgroup.ts';
import type { EgressLink } from '../../../host/egress/egress-link.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import type { Slot } from '../../../host/slot/slot.ts';
import type { ContainerRemover } from './container-remover.ts';
import { removeDockerParents } from './docker-cgroups.ts';

/** Processes that die, a mount and a directory: more than enough on a host that is busy. */
const HOST_SIDE_DEADLINE_MS = 10_000;

/**
 * Everything one sandbox consists of, as far as it was made; taken apart in the reverse order, step by step, so that a
 * failed removal can be repeated and continues where it stopped.
 */
export class ContainerParts {
  readonly name: string;
  readonly #remover: ContainerRemover;
  readonly #uids: UidPool | null;
  /** What was made so far; null before and after. */
  uid: number | null = null;
  slot: Slot | null = null;
  link: EgressLink | null = null;
  cgroup: SandboxCgroup | null = null;
  /** The parent named to the daemon, which makes it in hierarchies that are not ours. */
  cgroupParent: string | null = null;
  /** `asked`: a create was sent and its answer is not known. */
  container: 'none' | 'asked' | 'made' = 'none';
  initPid: number | null = null;

  constructor(name: string, remover: ContainerRemover, uids: UidPool | null) {
    this.name = name;
    this.#remover = remover;
    this.#uids = uids;
  }

  /** Kills everything inside without the daemon; false where only the daemon can. */
  kill(): boolean {
    if (this.cgroup) {
      this.cgroup.kill();
      return true;
    }
    if (this.initPid === null) return this.container === 'none';
    try {
      // Process 1 of its own pid namespace: the kernel takes the rest along.
      process.kill(this.initPid, 'SIGKILL');
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }

  isAlive(): boolean {
    if (this.cgroup) return !this.cgroup.isEmpty();
    return this.initPid !== null && existsSync(`/proc/${this.initPid}`);
  }

  /** Rejects with a SandboxError if something is left; may be called again. */
  async remove(signal: AbortSignal): Promise<void> {
    const isKilled = this.kill();
    try {
      if (this.container !== 'none') {
        await this.#remover.remove(this.name, { inDoubt: this.container === 'asked', isKilled, signal });
        this.container = 'none';
      }
      await this.#removeHostSide(signal);
    } catch (cause) {
      if (cause instanceof SandboxError) throw cause;
      throw new SandboxError('sandbox_start_failed', `sandbox ${this.name} could not be removed entirely`, { cause });
    }
  }

  /**
   * For a failed create under a lost daemon: the host's side goes now, the container when the daemon answers again. Rejects when
   * something of the host's side is left; even then no handle stays open.
   */
  async abandon(signal: AbortSignal): Promise<void> {
    this.slot?.close();
    try {
      await this.remove(signal);
    } catch {
      const parent = this.cgroupParent;
      if (this.container !== 'none') this.#remover.owe(this.name, () => parent && removeDockerParents(parent));
      this.container = 'none';
      // The daemon may have used up all the time there was.
      await this.#removeHostSide(AbortSignal.timeout(HOST_SIDE_DEADLINE_MS));
    }
  }

  async #removeHostSide(signal: AbortSignal): Promise<void> {
    if (this.cgroup) {
      this.cgroup.kill();
      await this.cgroup.remove(signal);
      this.cgroup = null;
    }
    if (this.cgroupParent !== null) removeDockerParents(this.cgroupParent);
    this.cgroupParent = null;
    await this.link?.detach(signal);
    this.link = null;
    if (this.slot) await this.slot.remove(signal);
    this.slot = null;
    if (this.uid !== null) this.#uids?.release(this.uid);
    this.uid = null;
    this.initPid = null;
  }
}
