import type { SandboxSpec } from '../../../contract/driver.ts';
import type { SandboxError } from '../../../contract/sandbox-error.ts';
import type { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import type { Egress } from '../../../host/egress/egress.ts';
import { HostSide } from '../../../host/launch/host-side.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import { undoStart } from '../../../host/launch/undo-start.ts';
import type { SlotTree } from '../../../host/slot/slot-tree.ts';
import type { Vm, VmmCapabilities } from '../../../microvm/vmm.ts';
import { monitorLimits } from './microvm-machine.ts';

export interface HostParts {
  cgroups: CgroupTree;
  slots: SlotTree;
  /** When null, monitors run as the server's own user. */
  uids: UidPool | null;
  /** When absent or null, `egress` is refused. */
  egress?: Egress | null;
}

/**
 * One machine with everything it occupies on this host. It is built step by step, and taken down whole however far that
 * came.
 */
export class MicrovmParts {
  readonly host: HostSide;
  vm: Vm | null = null;

  private constructor(id: string, uids: UidPool | null) {
    this.host = new HostSide(id, uids);
  }

  /** Takes uid, cgroup and slot directory. On rejection nothing is left, or the error carries what is left. */
  static async prepare(
    host: HostParts,
    spec: SandboxSpec,
    capabilities: VmmCapabilities,
    signal: AbortSignal,
  ): Promise<MicrovmParts> {
    signal.throwIfAborted();
    const parts = new MicrovmParts(spec.id, host.uids);
    const owner = { uid: parts.host.uid, view: 'mount' } as const;
    try {
      parts.host.slot = await host.slots.create(spec.id, owner, signal);
      parts.host.cgroup = host.cgroups.create(spec.id, monitorLimits(spec, capabilities));
      return parts;
    } catch (error) {
      throw await parts.undo(error);
    }
  }

  /** Kills and removes; safe to repeat; rejects with a SandboxError if something is left, and may be tried again. */
  remove(signal: AbortSignal): Promise<void> {
    return this.host.remove(signal, {
      endProcesses: async () => {
        this.vm?.kill();
        await this.vm?.remove(signal);
      },
    });
  }

  /** After a failed or aborted start: the error to throw, which carries what could not be removed. */
  undo(cause: unknown): Promise<SandboxError> {
    return undoStart(this.host.id, cause, UNDO_DEADLINE_MS, (signal) => this.remove(signal));
  }
}

/** Time for dying processes, a mount and a directory. */
export const UNDO_DEADLINE_MS = 5_000;
