import { HostRig } from '../../../host/host-rig.ts';
import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { ProcessDriver } from './process-driver.ts';

describeDriverConformance(
  'process',
  async () => {
    if (process.platform !== 'linux') return { unavailable: 'needs Linux' };
    const rig = new HostRig();
    return {
      driver: new ProcessDriver(rig),
      spec: { labels: rig.labels },
      traces: (id) => rig.traces(id),
      close: () => rig.close(),
    };
  },
  {
    skips: {
      'network-none': 'a process shares the network of the host',
      'base-system': 'a process sees the host’s own system',
    },
  },
);
