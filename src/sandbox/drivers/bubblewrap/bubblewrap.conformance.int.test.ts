import { HostRig } from '../../../host/host-rig.ts';
import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { BubblewrapDriver } from './bubblewrap-driver.ts';

describeDriverConformance('bubblewrap', async () => {
  if (process.platform !== 'linux') return { unavailable: 'needs Linux' };
  const rig = new HostRig();
  return {
    driver: new BubblewrapDriver(rig),
    spec: { labels: rig.labels },
    traces: (id) => rig.traces(id),
    close: () => rig.close(),
  };
});
