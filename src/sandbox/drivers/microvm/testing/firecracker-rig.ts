import { tmpdir } from 'node:os';
import type { ConformanceSubject } from '../../../conformance/driver-conformance.ts';
import { FirecrackerVmm } from '../../../engines/microvm/firecracker/firecracker-vmm.ts';
import { whyNoGuest } from '../../../images/guest/testing/guest-rig.ts';
import { microvmRig } from './microvm-rig.ts';

const PROBE_UID = 702_000;

/** How many times slower than under hardware virtualization guests run here; `npm run test:firecracker` says so. */
export const SLOWNESS = Number(process.env.COLDFRAME_TEST_SLOWNESS ?? 1);

/** For tests: a driver on the Firecracker that COLDFRAME_FIRECRACKER names, or why there is none. */
export async function firecrackerSubject(): Promise<ConformanceSubject | { unavailable: string }> {
  const binaryPath = process.env.COLDFRAME_FIRECRACKER ?? null;
  if (binaryPath === null) return { unavailable: 'needs firecracker and KVM' };
  const reason = await whyNoGuest();
  if (reason !== null) return { unavailable: reason };
  const vmm = new FirecrackerVmm({
    binaryPath,
    jailerPath: process.env.COLDFRAME_JAILER ?? null,
    runDir: tmpdir(),
    probeUid: process.getuid?.() === 0 ? PROBE_UID : null,
    slowness: SLOWNESS,
  });
  const rig = await microvmRig(vmm);
  return {
    driver: rig.driver,
    spec: { labels: rig.host.labels },
    traces: (id) => rig.host.traces(id),
    close: () => rig.close(),
  };
}
