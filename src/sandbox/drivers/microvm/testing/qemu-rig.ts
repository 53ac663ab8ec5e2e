import type { ConformanceSubject } from '../../../conformance/driver-conformance.ts';
import { QemuVmm } from '../../../engines/microvm/qemu/qemu-vmm.ts';
import { whyNoGuest } from '../../../images/guest/testing/guest-rig.ts';
import { microvmRig } from './microvm-rig.ts';

/** For tests: why there are no guests under QEMU here, else null. */
export async function whyNoQemu(): Promise<string | null> {
  const { state, detail } = await new QemuVmm().inspect(AbortSignal.timeout(10_000));
  return state === 'present' ? await whyNoGuest() : `needs qemu: ${detail}`;
}

/** For tests: the driver on this host's QEMU. */
export async function qemuSubject(): Promise<ConformanceSubject | { unavailable: string }> {
  const reason = await whyNoQemu();
  if (reason !== null) return { unavailable: reason };
  const rig = await microvmRig(new QemuVmm());
  return {
    driver: rig.driver,
    spec: { labels: rig.host.labels },
    traces: (id) => rig.host.traces(id),
    close: () => rig.close(),
  };
}
