import { join } from 'node:path';
import { findCgroupLayout } from '../../engines/linux/cgroup/cgroup-layout.ts';
import { HostRig } from '../../engines/linux/host-rig.ts';
import { tryWrite } from '../../engines/linux/kernel-file.ts';
import { CodeDisks } from '../../engines/microvm/code-disks.ts';
import type { Vmm } from '../../engines/microvm/vmm.ts';
import type { GuestImages } from '../../images/guest/guest-images.ts';
import { testGuestImages } from '../../images/guest/guest-rig.ts';
import { MicrovmDriver } from './microvm-driver.ts';

/** For tests: a microVM driver on a host of its own. */
export interface MicrovmRig {
  host: HostRig;
  driver: MicrovmDriver;
  close(): Promise<void>;
}

export async function microvmRig(vmm: Vmm, options: { images?: GuestImages } = {}): Promise<MicrovmRig> {
  const images = options.images ?? (await testGuestImages());
  const host = new HostRig();
  host.cgroups.prepare();
  giveFullWeight(host.host.instance);
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

/**
 * Sandboxes yield to everything else of a host, and a host that runs tests is never idle: an emulated guest, which boots for
 * seconds of CPU time, would wait for minutes.
 */
function giveFullWeight(instance: string): void {
  const layout = findCgroupLayout();
  if (layout.version === 2) tryWrite(join(layout.base, `coldframe-${instance}`, 'cpu.weight'), '1000');
  else if (layout.controllers.cpu !== undefined) {
    tryWrite(join(layout.controllers.cpu, `coldframe-${instance}`, 'cpu.shares'), '16384');
  }
}
