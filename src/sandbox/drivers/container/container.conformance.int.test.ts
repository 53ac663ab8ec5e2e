import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { whyNoDocker } from '../../engines/container-engine/engine-rig.ts';
import { containerRig } from './container-rig.ts';

describeDriverConformance('docker', async () => {
  const reason = await whyNoDocker();
  if (reason !== null) return { unavailable: reason };
  const rig = await containerRig();
  return {
    driver: rig.driver,
    spec: { labels: { instance: rig.host.instance, epoch: rig.host.epoch } },
    traces: rig.tracesOf,
    close: rig.close,
  };
});
