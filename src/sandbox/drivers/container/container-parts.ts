import { existsSync } from 'node:fs';
import { HostSide } from '../../../host/launch/host-side.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import type { ContainerRemover } from './container-remover.ts';
import { removeDockerParents } from './docker-cgroups.ts';

/** Time for dying processes, a mount and a directory, with room for a busy host. */
const HOST_SIDE_DEADLINE_MS = 10_000;

/**
 * Everything one sandbox consists of, as far as it was made. It is taken apart in the reverse order, step by step. A
 * failed removal can be repeated and continues where it stopped.
 */
export class ContainerParts {
  readonly name: string;
  readonly host: HostSide;
  readonly #remover: ContainerRemover;
  /** The parent group named to the daemon, which makes it in hierarchies that are not ours. */
  cgroupParent: string | null = null;
  /** `asked`: a create was sent and its answer is not known. */
  container: 'none' | 'asked' | 'made' = 'none';
  initPid: number | null = null;

  constructor(name: string, remover: ContainerRemover, uids: UidPool | null) {
    this.name = name;
    this.#remover = remover;
    this.host = new HostSide(name, uids);
  }

  /** Kills everything inside without the daemon; false where only the daemon can. */
  kill(): boolean {
    if (this.host.cgroup) {
      this.host.cgroup.kill();
      return true;
    }
    if (this.initPid === null) return this.container === 'none';
    try {
      // The container's process 1 is the first of its pid namespace: when it dies, the kernel kills the rest.
      process.kill(this.initPid, 'SIGKILL');
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }

  isAlive(): boolean {
    if (this.host.cgroup) return !this.host.cgroup.isEmpty();
    return this.initPid !== null && existsSync(`/proc/${this.initPid}`);
  }

  /** Rejects with a SandboxError if something is left; may be called again. */
  remove(signal: AbortSignal): Promise<void> {
    return this.#removeHostSide(signal, () => this.#removeContainer(signal));
  }

  /**
   * For a failed create under a lost daemon: the host's side goes now, and the container goes when the daemon answers
   * again. Rejects when something of the host's side is left. Even then no handle stays open.
   */
  async abandon(signal: AbortSignal): Promise<void> {
    this.host.slot?.close();
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

  async #removeContainer(signal: AbortSignal): Promise<void> {
    const isKilled = this.kill();
    if (this.container === 'none') return;
    await this.#remover.remove(this.name, { inDoubt: this.container === 'asked', isKilled, signal });
    this.container = 'none';
  }

  async #removeHostSide(signal: AbortSignal, endProcesses?: () => Promise<void>): Promise<void> {
    try {
      await this.host.remove(signal, { endProcesses });
      this.initPid = null;
    } finally {
      // Only empty groups are removed, so a removal that failed loses nothing by it.
      if (this.cgroupParent !== null) removeDockerParents(this.cgroupParent);
    }
  }
}
