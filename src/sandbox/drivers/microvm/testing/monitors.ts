import { tmpdir } from 'node:os';
import { whyNoGuest } from '../../../../images/guest/testing/guest-rig.ts';
import { FirecrackerVmm } from '../../../../microvm/firecracker/firecracker-vmm.ts';
import { QemuVmm } from '../../../../microvm/qemu/qemu-vmm.ts';
import type { Vmm } from '../../../../microvm/vmm.ts';

const PROBE_UID = 702_000;
const NO_JAILER = '/nonexistent/jailer';

/** How many times slower than under hardware virtualization Firecracker's guests run here; `npm run test:firecracker` says so. */
export const SLOWNESS = Number(process.env.COLDFRAME_TEST_SLOWNESS ?? 1);

/** `firecracker` runs in its jailer's jail where that works here; `unjailed` never does. */
export type MonitorKind = 'qemu' | 'firecracker' | 'unjailed';

/** For tests: a monitor of this host, and how slow its guests are. */
export function monitorOf(kind: MonitorKind): { vmm: Vmm; slowness: number } {
  if (kind === 'qemu') return { vmm: new QemuVmm(), slowness: 1 };
  const vmm = new FirecrackerVmm({
    binaryPath: process.env.COLDFRAME_FIRECRACKER ?? null,
    jailerPath: kind === 'unjailed' ? NO_JAILER : (process.env.COLDFRAME_JAILER ?? null),
    runDir: tmpdir(),
    probeUid: process.getuid?.() === 0 ? PROBE_UID : null,
    slowness: SLOWNESS,
  });
  return { vmm, slowness: SLOWNESS };
}

/** For tests: null when guests can run under that monitor here, else the reason why not. */
export async function whyNoMachines(kind: MonitorKind): Promise<string | null> {
  // Firecracker is not searched on the PATH: one found there by chance may not boot a guest on this host.
  if (kind !== 'qemu') return process.env.COLDFRAME_FIRECRACKER ? await whyNoGuest() : 'needs firecracker and KVM';
  const { state, detail } = await new QemuVmm().inspect(AbortSignal.timeout(10_000));
  return state === 'present' ? await whyNoGuest() : `needs qemu: ${detail}`;
}
