import type { CgroupTree } from './cgroup/cgroup.ts';
import type { Egress } from './egress/egress.ts';
import type { SlotTree } from './slot/slot-tree.ts';

/**
 * Ends and removes what earlier epochs of this instance left: first processes by their cgroups, then slots and mounts.
 */
export async function reapHost(
  { cgroups, slots, egress }: { cgroups: CgroupTree; slots: SlotTree; egress?: Egress | null },
  signal: AbortSignal,
): Promise<number> {
  const groups = await cgroups.reapOlder(signal);
  await egress?.reapOlder(signal);
  await slots.reapOlder(signal);
  return groups;
}
