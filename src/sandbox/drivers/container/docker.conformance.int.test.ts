import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { DOCKER } from './container-kind.ts';
import { containerRig, whyNotHere } from './container-rig.ts';

describeDriverConformance('docker', async () => {
  const reason = await whyNotHere(DOCKER);
  if (reason !== null) return { unavailable: reason };
  const rig = await containerRig({ kind: DOCKER });
  return {
    driver: rig.driver,
    spec: { labels: { instance: rig.host.instance, epoch: rig.host.epoch } },
    traces: rig.tracesOf,
    close: rig.close,
  };
});
