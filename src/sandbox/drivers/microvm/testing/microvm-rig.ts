import { join } from 'node:path';
import { Egress } from '../../../../host/egress/egress.ts';
import { EgressNetwork } from '../../../../host/egress/egress-network.ts';
import { HostRig } from '../../../../host/host-rig.ts';
import type { GuestImages } from '../../../../images/guest/guest-images.ts';
import { testGuestImages } from '../../../../images/guest/testing/guest-rig.ts';
import { EgressProver } from '../../../../isolations/egress/egress-prover.ts';
import { CodeDisks } from '../../../../microvm/code-disks.ts';
import type { Vmm } from '../../../../microvm/vmm.ts';
import { MicrovmDriver } from '../microvm-driver.ts';

/** For tests: a microVM driver on a host of its own. */
export interface MicrovmRig {
  host: HostRig;
  driver: MicrovmDriver;
  egress: Egress;
  close(): Promise<void>;
}

export async function microvmRig(
  vmm: Vmm,
  options: { images?: GuestImages; host?: { instance: string; runDir: string; epoch: string } } = {},
): Promise<MicrovmRig> {
  const images = options.images ?? (await testGuestImages());
  // A host that runs tests is never idle, and an emulated guest boots for seconds of CPU time.
  const host = new HostRig({ ...options.host, doYield: false });
  const network = new EgressNetwork({ ...host.host, allow: [] });
  const egress = new Egress({ network, prover: new EgressProver({ ...host.host, network, allow: [] }) });
  const driver = new MicrovmDriver({
    isolation: vmm.name,
    vmm,
    images,
    disks: new CodeDisks(join(host.slots.epochDir, '.disks')),
    host: host.host,
    cgroups: host.cgroups,
    slots: host.slots,
    uids: host.uids,
    egress,
    snapshotDir: join(host.slots.epochDir, `.snapshots-${vmm.name}`),
  });
  return {
    ...{ host, driver, egress },
    async close() {
      await egress.close();
      await host.close();
    },
  };
}
