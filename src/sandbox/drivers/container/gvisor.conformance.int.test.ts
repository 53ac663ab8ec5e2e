import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { GVISOR } from './container-kind.ts';
import { containerRig, whyNotHere } from './container-rig.ts';

/** The sentry keeps what functions hold and what their /tmp holds in one memory, so their sum alone is bounded (docs/threat-model.md). */
const SKIPS = { 'memory-beside-disk': 'gVisor bounds heap and /tmp by their sum' };

const subject = async () => {
  const reason = await whyNotHere(GVISOR);
  if (reason !== null) return { unavailable: reason };
  const rig = await containerRig({ kind: GVISOR });
  return {
    driver: rig.driver,
    spec: { labels: { instance: rig.host.instance, epoch: rig.host.epoch } },
    traces: rig.tracesOf,
    close: rig.close,
  };
};

describeDriverConformance('gvisor', subject, { skips: SKIPS });
