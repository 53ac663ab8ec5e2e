import type { Driver, DriverCapabilities, ProbeResult } from '../../../contract/driver.ts';
import type { HostContext } from '../../../contract/host-context.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import { SlowTrial, tryBoot } from '../../../host/launch/boot-probe.ts';
import type { GuestImages } from '../../../images/guest/guest-images.ts';
import type { Vmm } from '../../../microvm/vmm.ts';

let probeCount = 0;

export interface MicrovmProbeParts {
  vmm: Vmm;
  images: GuestImages;
  host: HostContext;
  driver: Pick<Driver, 'create' | 'start'> & { capabilities: DriverCapabilities };
  enforced: EnforcedLimits;
}

/**
 * Checks in this order: the monitor is there, the guest image is whole, and a guest of it truly boots and answers.
 * Never rejects.
 */
export async function probeMicrovm(
  { vmm, images, host, driver, enforced }: MicrovmProbeParts,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const failed = { runtimes: [], enforced, progress: null };
  const monitor = await vmm.inspect(signal);
  if (monitor.state !== 'present') {
    return { ...failed, state: monitor.state, detail: monitor.detail, fix: monitor.fix };
  }
  const setup = `coldframe setup ${vmm.name}`;
  const found = await images.find(signal);
  if (found.state !== 'whole') return { ...failed, state: 'absent', detail: found.detail, fix: setup };
  const labels = { instance: host.instance, epoch: host.epoch };
  const spec = { id: `probe-${vmm.name}-${++probeCount}`, runtime: found.image.runtimes[0]!, labels };
  const error = await driver.start(signal).then(
    () => tryBoot(driver, spec, signal),
    (reason: unknown) => reason,
  );
  if (error === null) {
    const detail = `${monitor.detail} A guest booted and its shim answered over the machine's channel.`;
    const { weakness } = monitor;
    const weak = weakness === undefined ? {} : { refusesNew: weakness };
    return { ...failed, state: 'usable', detail, fix: null, runtimes: found.image.runtimes, ...weak };
  }
  if (!signal.aborted) host.log.warn({ error: String(error) }, `the ${vmm.name} probe failed`);
  if (error instanceof SlowTrial || signal.aborted) {
    const detail = `${monitor.detail} This host was too busy to boot a guest for trial in time.`;
    return { ...failed, state: 'busy', detail, fix: null };
  }
  const detail = `${monitor.detail} A guest did not boot or did not answer.`;
  return { ...failed, state: 'restricted', detail, fix: `${monitor.fix ?? 'see the server log'}; then ${setup}` };
}
