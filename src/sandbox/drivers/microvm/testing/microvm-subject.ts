import type { ConformanceSubject } from '../../../conformance/driver-conformance.ts';
import { microvmRig } from './microvm-rig.ts';
import { type MonitorKind, monitorOf, whyNoMachines } from './monitors.ts';

/** For tests: the driver on that monitor of this host, or why there is none. */
export async function microvmSubject(kind: MonitorKind): Promise<ConformanceSubject | { unavailable: string }> {
  const unavailable = await whyNoMachines(kind);
  if (unavailable !== null) return { unavailable };
  const rig = await microvmRig(monitorOf(kind).vmm);
  return {
    driver: rig.driver,
    spec: { labels: rig.host.labels },
    traces: (id) => rig.host.traces(id),
    close: () => rig.close(),
  };
}
