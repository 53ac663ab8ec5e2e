import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { StuckSandbox } from '../contract/guarded-driver.ts';
import type { HostContext } from '../contract/host-context.ts';
import type { Isolation } from '../domain/names.ts';
import { CgroupTree } from '../host/cgroup/cgroup.ts';
import { EngineClient } from '../host/docker/engine-client.ts';
import { Egress } from '../host/egress/egress.ts';
import { EgressNetwork } from '../host/egress/egress-network.ts';
import { UidPool } from '../host/launch/uid-pool.ts';
import { HostRuntimes } from '../host/runtimes/host-runtimes.ts';
import { dockerSeccompProfile } from '../host/seccomp/docker-profile.ts';
import { SlotTree } from '../host/slot/slot-tree.ts';
import { RuntimeImages } from '../images/runtime-images.ts';
import { EgressProver } from '../isolations/egress/egress-prover.ts';
import { ImagePreparation, type WaitingForRetry } from '../isolations/image-preparation.ts';
import { DriverRegistry } from '../isolations/isolation-registry.ts';
import type { SeenIsolations } from '../isolations/seen-isolations.ts';
import { BubblewrapDriver } from '../sandbox/drivers/bubblewrap/bubblewrap-driver.ts';
import { ContainerDriver } from '../sandbox/drivers/container/container-driver.ts';
import { DOCKER, GVISOR } from '../sandbox/drivers/container/container-kind.ts';
import { ProcessDriver } from '../sandbox/drivers/process/process-driver.ts';
import { guardDriver } from '../sandbox/guard/guarded-driver.ts';
import type { PlatformMetrics } from '../telemetry/metrics.ts';
import { buildMicrovmDrivers } from './build-microvms.ts';
import { hearSandboxes } from './hear-sandboxes.ts';

/** The repository's (or package's) shims. */
const RUNTIMES_DIR = resolve(import.meta.dirname, '../../runtimes');
const SUITE = 'bookworm';
const SLOTS_CLOSE_DEADLINE_MS = 10_000;

export interface Sandboxes {
  registry: DriverRegistry;
  runtimes: HostRuntimes;
  images: RuntimeImages;
  /**
   * Builds what Docker still lacks: now, after a failure, and when Docker comes back, until the signal aborts. Called
   * once.
   */
  prepareImages(signal: AbortSignal): Promise<void>;
  /** Why the images are missing and when the next try is. Null while nothing has failed. */
  readonly imagesRetry: WaitingForRetry | null;
  /** What could not be removed from this host yet. */
  stuck(): (StuckSandbox & { isolation: Isolation })[];
  stop(): Promise<void>;
}

/** Every driver of this host behind its guard, none of them started or probed yet. */
export function buildSandboxes(
  host: HostContext,
  config: Config,
  seen: SeenIsolations,
  metrics: Pick<PlatformMetrics, 'removalFailed' | 'sandboxCrashed'>,
): Sandboxes {
  const { instance, epoch, runDir, log } = host;
  const cgroups = new CgroupTree({ instance, epoch, log });
  const slots = new SlotTree({ runDir, epoch, log });
  const uids = host.uidRange ? new UidPool(host.uidRange, { seed: instance }) : null;
  const runtimes = new HostRuntimes({ runDir, shimsDir: RUNTIMES_DIR, log });
  const engine = new EngineClient({ socketPath: config.dockerSocket });
  const images = new RuntimeImages({
    engine,
    log,
    nodePath: process.execPath,
    nodeVersion: process.versions.node,
    runtimesDir: RUNTIMES_DIR,
    baseImage: config.baseImage,
    suite: SUITE,
  });
  const seccompProfile = JSON.stringify(dockerSeccompProfile());
  const egress = buildEgress(host, config);
  const onHost = { host, cgroups, uids, runtimes, slots, egress };
  const inContainers = { engine, images, host, cgroups, slots, uids, seccompProfile, egress };
  const drivers = [
    new ContainerDriver({ kind: GVISOR, ...inContainers }),
    new ContainerDriver({ kind: DOCKER, ...inContainers }),
    new BubblewrapDriver(onHost),
    new ProcessDriver(onHost),
    ...buildMicrovmDrivers({ host, config, cgroups, slots, uids, egress, runtimesDir: RUNTIMES_DIR }),
  ].map((driver) => guardDriver(driver, { onEvent: hearSandboxes(driver.isolation, log, metrics) }));
  for (const driver of drivers) egress.offer(driver);
  cgroups.prepare();
  const registry = new DriverRegistry({
    drivers,
    order: config.isolationOrder,
    log,
    fallback: config.fallback,
    allowsKnownWeak: config.knownWeak === 'allow',
    seen: seen.isolations,
    proveEgress: (driver, options) => egress.prove(driver, options),
    onSeen: (isolation) => seen.add(isolation),
  });
  let preparation: ImagePreparation | null = null;
  return {
    registry,
    runtimes,
    images,
    prepareImages(signal) {
      preparation = new ImagePreparation({ registry, images, log, signal });
      return preparation.run();
    },
    get imagesRetry() {
      return preparation?.waiting ?? null;
    },
    stuck: () => drivers.flatMap((driver) => driver.stuck().map((one) => ({ ...one, isolation: driver.isolation }))),
    async stop() {
      registry.stop();
      const results = await Promise.allSettled(drivers.map((driver) => driver.stop()));
      await engine.close();
      await egress.close();
      await slots.close(AbortSignal.timeout(SLOTS_CLOSE_DEADLINE_MS));
      await cgroups.close();
      for (const result of results)
        if (result.status === 'rejected') log.error({ err: result.reason }, 'a driver did not stop cleanly');
    },
  };
}

function buildEgress(host: HostContext, config: Config): Egress {
  const network = new EgressNetwork({ ...host, allow: config.egressAllow });
  return new Egress({ network, prover: new EgressProver({ ...host, network, allow: config.egressAllow }) });
}
