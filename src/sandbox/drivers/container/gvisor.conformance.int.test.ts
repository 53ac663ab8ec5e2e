import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { GVISOR } from './container-kind.ts';
import { containerRig, whyNotHere } from './container-rig.ts';

describeDriverConformance('gvisor', async () => {
  const reason = await whyNotHere(GVISOR);
  if (reason !== null) return { unavailable: reason };
  const rig = await containerRig({ kind: GVISOR });
  return {
    driver: rig.driver,
    spec: { labels: { instance: rig.host.instance, epoch: rig.host.epoch } },
    traces: rig.tracesOf,
    close: rig.close,
  };
});
