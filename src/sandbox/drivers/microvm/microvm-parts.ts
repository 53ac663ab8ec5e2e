import type { SandboxSpec } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import type { SandboxCgroup } from '../../../host/cgroup/sandbox-cgroup.ts';
import type { Egress } from '../../../host/egress/egress.ts';
import type { EgressPlace } from '../../../host/egress/egress-link.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import type { Slot } from '../../../host/slot/slot.ts';
import type { SlotTree } from '../../../host/slot/slot-tree.ts';
import type { Vm, VmmCapabilities } from '../../../microvm/vmm.ts';
import { hostLimits } from './microvm-machine.ts';

export interface HostParts {
  cgroups: CgroupTree;
  slots: SlotTree;
  /** Null: monitors run as the server's own user. */
  uids: UidPool | null;
  /** Absent or null: `egress` is refused. */
  egress?: Egress | null;
}

/** Everything of one machine on this host, built step by step and taken down whole from wherever that stopped. */
export class MicrovmParts {
  readonly id: string;
  readonly uid: number | null;
  slot: Slot | null = null;
  cgroup: SandboxCgroup | null = null;
  vm: Vm | null = null;
  network: EgressPlace | null = null;
  readonly #uids: UidPool | null;
  #isRemoved = false;

  private constructor(id: string, uids: UidPool | null) {
    this.id = id;
    this.#uids = uids;
    this.uid = uids?.acquire() ?? null;
  }

  /** Uid, cgroup and slot directory. On rejection nothing is left. */
  static async prepare(
    host: HostParts,
    spec: SandboxSpec,
    capabilities: VmmCapabilities,
    signal: AbortSignal,
  ): Promise<MicrovmParts> {
    signal.throwIfAborted();
    const parts = new MicrovmParts(spec.id, host.uids);
    try {
      parts.slot = await host.slots.create(spec.id, { uid: parts.uid, view: 'mount' }, signal);
      parts.cgroup = host.cgroups.create(spec.id, hostLimits(spec, capabilities));
      return parts;
    } catch (error) {
      await parts.abandon();
      throw error;
    }
  }

  /** Kills and removes; safe to repeat; rejects with a SandboxError if something is left, and may be tried again. */
  async remove(signal: AbortSignal): Promise<void> {
    if (this.#isRemoved) return;
    try {
      if (this.vm !== null) {
        this.vm.kill();
        await this.vm.remove(signal);
      }
      await this.cgroup?.remove(signal);
      await this.network?.detach(signal);
      await this.slot?.remove(signal);
    } catch (cause) {
      throw new SandboxError('sandbox_start_failed', `sandbox ${this.id} could not be removed entirely`, { cause });
    }
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    if (this.uid !== null) this.#uids?.release(this.uid);
  }

  /** After a failed or aborted start. What cannot be removed now is the next start's to reap. */
  async abandon(): Promise<void> {
    await this.remove(AbortSignal.timeout(UNDO_DEADLINE_MS)).catch(() => undefined);
  }
}

const UNDO_DEADLINE_MS = 5_000;
