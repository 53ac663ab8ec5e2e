import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { HostContext } from '../contract/host-context.ts';
import { GuestImages } from '../images/guest/guest-images.ts';
import { CodeDisks } from '../microvm/code-disks.ts';
import { FirecrackerVmm } from '../microvm/firecracker/firecracker-vmm.ts';
import { QemuVmm } from '../microvm/qemu/qemu-vmm.ts';
import { MicrovmDriver } from '../sandbox/drivers/microvm/microvm-driver.ts';
import type { HostParts } from '../sandbox/drivers/microvm/microvm-parts.ts';

/** The drivers whose sandboxes are virtual machines; they share the guest image and the disks made from packages. */
export function buildMicrovmDrivers(
  options: HostParts & { host: HostContext; config: Config; runtimesDir: string },
): MicrovmDriver[] {
  const { host, config, slots, runtimesDir } = options;
  const images = new GuestImages({ dataDir: host.dataDir, runtimesDir, nodeVersion: process.versions.node });
  const disks = new CodeDisks(join(slots.epochDir, '.disks'));
  const firecracker = new FirecrackerVmm({
    binaryPath: config.firecracker,
    jailerPath: config.jailer,
    runDir: host.runDir,
    probeUid: host.uidRange?.first ?? null,
    slowness: config.firecrackerSlowness,
  });
  return [firecracker, new QemuVmm()].map(
    (vmm) =>
      new MicrovmDriver({
        ...options,
        isolation: vmm.name,
        vmm,
        images,
        disks,
        snapshotDir: join(slots.epochDir, `.snapshots-${vmm.name}`),
      }),
  );
}
