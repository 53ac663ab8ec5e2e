import { join } from 'node:path';
import { HostRig } from '../../../engines/linux/host-rig.ts';
import { CodeDisks } from '../../../engines/microvm/code-disks.ts';
import type { Vmm } from '../../../engines/microvm/vmm.ts';
import type { GuestImages } from '../../../images/guest/guest-images.ts';
import { testGuestImages } from '../../../images/guest/testing/guest-rig.ts';
import { MicrovmDriver } from '../microvm-driver.ts';

/** For tests: a microVM driver on a host of its own. */
export interface MicrovmRig {
  host: HostRig;
  driver: MicrovmDriver;
  close(): Promise<void>;
}

export async function microvmRig(
  vmm: Vmm,
  options: { images?: GuestImages; host?: { instance: string; runDir: string; epoch: string } } = {},
): Promise<MicrovmRig> {
  const images = options.images ?? (await testGuestImages());
  // A host that runs tests is never idle, and an emulated guest boots for seconds of CPU time.
  const host = new HostRig({ ...options.host, doYield: false });
  const driver = new MicrovmDriver({
    isolation: vmm.name,
    vmm,
    images,
    disks: new CodeDisks(join(host.slots.epochDir, '.disks')),
    host: host.host,
    cgroups: host.cgroups,
    slots: host.slots,
    uids: host.uids,
    snapshotDir: join(host.slots.epochDir, `.snapshots-${vmm.name}`),
  });
  return { host, driver, close: () => host.close() };
}
