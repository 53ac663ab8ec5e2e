import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { QemuVmm } from '../../engines/microvm/qemu/qemu-vmm.ts';
import { whyNoGuest } from '../../images/guest/guest-rig.ts';
import { microvmRig } from './microvm-rig.ts';

describeDriverConformance('qemu', async () => {
  const reason = await whyNoGuest();
  if (reason !== null) return { unavailable: reason };
  const rig = await microvmRig(new QemuVmm());
  return {
    driver: rig.driver,
    spec: { labels: rig.host.labels },
    traces: (id) => rig.host.traces(id),
    close: () => rig.close(),
  };
});
