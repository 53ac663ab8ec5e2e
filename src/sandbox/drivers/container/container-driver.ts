import type { Box, Driver, DriverCapabilities, ProbeResult, SandboxSpec } from '../../../contract/driver.ts';
import type { HostContext } from '../../../contract/host-context.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import type { Isolation } from '../../../domain/names.ts';
import { OWN_RUNTIME } from '../../../domain/runtimes.ts';
import type { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import type { EngineClient } from '../../../host/docker/engine-client.ts';
import type { Egress } from '../../../host/egress/egress.ts';
import { isOlder } from '../../../host/epoch.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import type { SlotTree } from '../../../host/slot/slot-tree.ts';
import type { RuntimeImages } from '../../../images/runtime-images.ts';
import { ContainerBox } from './container-box.ts';
import { CONTAINER_LABELS, shimOf } from './container-config.ts';
import { type CreateContext, createConnected } from './container-create.ts';
import type { ContainerKind } from './container-kind.ts';
import { enforcedBy, probeContainers } from './container-probe.ts';
import { ContainerRemover } from './container-remover.ts';
import { reapDockerParents, removeUnusedFolders } from './docker-cgroups.ts';

/** A graceful stop gives the daemon this long for what is left. */
const STOP_DEADLINE_MS = 10_000;

export interface ContainerDriverOptions {
  /** Docker's own runtime, or gVisor's. */
  kind: ContainerKind;
  /** May be shared by several drivers; whoever made it closes it. */
  engine: EngineClient;
  images: RuntimeImages;
  host: HostContext;
  cgroups: CgroupTree;
  slots: SlotTree;
  /** When null, sandboxes run as the server's own user. */
  uids: UidPool | null;
  /** When null, `egress` is refused. */
  egress: Egress | null;
  /** JSON text in Docker's format; null leaves the daemon's default profile. */
  seccompProfile: string | null;
}

/**
 * Sandboxes as containers of a Docker engine on this host; one class for Docker's own runtime and for gVisor's. The daemon
 * is asked at create and at destroy and never between: calls, meters, freezing and kills go through the socket in the slot
 * and through the sandbox's own cgroup, so boxes outlive a daemon that dies. What a lost daemon still owes us is removed when
 * it answers again, and by the labels at the next start.
 */
export class ContainerDriver implements Driver {
  readonly name: string;
  readonly isolation: Isolation;
  readonly capabilities: DriverCapabilities;
  readonly #options: ContainerDriverOptions;
  readonly #remover: ContainerRemover;
  readonly #boxes = new Set<ContainerBox>();
  /** Removals after failed creates that are still under way. They outlast their callers. */
  readonly #creating = new Set<Promise<Box>>();
  #enforced: EnforcedLimits | null = null;
  #cgroupDriver = '';
  #stopped = false;

  constructor(options: ContainerDriverOptions) {
    const { kind } = options;
    const { controllers, version } = options.cgroups.availability;
    this.name = kind.name;
    this.isolation = kind.isolation;
    this.#options = options;
    this.#remover = new ContainerRemover(options.engine, options.host.log);
    this.capabilities = {
      pause: version === 2 || controllers.includes('freezer'),
      sharesHostKernel: kind.sharesHostKernel,
      egress: options.egress !== null,
      fence: kind.fence,
      memoryMinMib: 64,
      memoryOverheadMib: kind.memoryOverheadMib,
      typicalStartMs: kind.typicalStartMs,
    };
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const { engine, images, kind, host } = this.#options;
    return await probeContainers(
      {
        engine,
        images,
        kind,
        create: () => this.#createContext(signal),
        spec: (id) => probeSpec(id, host),
      },
      signal,
    );
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#createContext(signal).catch((cause) => {
      throw new SandboxError('isolation_unavailable', `${this.name}: the engine does not answer`, { cause });
    });
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    const creating = this.#create(spec, signal);
    this.#creating.add(creating);
    try {
      return await creating;
    } finally {
      this.#creating.delete(creating);
    }
  }

  async #create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    if (this.#stopped) throw new SandboxError('sandbox_illegal_state', 'the driver is stopped');
    if (spec.network !== 'none') {
      if (this.#options.egress === null) throw new SandboxError('network_unenforceable', 'egress is not offered here');
      await this.#options.egress.admit(this.name, spec.id);
    }
    const image = this.#options.images.current;
    if (!image) throw new SandboxError('isolation_preparing', 'the runtime image is not there yet');
    if (!image.runtimes.includes(spec.runtime)) {
      throw new SandboxError('runtime_unavailable', `the runtime image has no ${spec.runtime}`);
    }
    const context = await this.#createContext(signal).catch((cause) => {
      throw new SandboxError('isolation_unavailable', `${this.name}: the engine does not answer`, { cause });
    });
    const made = await createConnected(
      context,
      { spec, image: image.reference, shim: (token) => shimOf(spec, token, this.#options.kind) },
      signal,
    );
    const box = new ContainerBox({
      id: spec.id,
      engine: this.#options.engine,
      ...made,
      receipt: {
        isolation: this.isolation,
        driver: this.name,
        fence: this.capabilities.fence,
        imageDigest: image.digest,
        enforced: this.#enforced!,
      },
      showsKills: this.capabilities.sharesHostKernel,
      onGone: () => this.#boxes.delete(box),
    });
    this.#boxes.add(box);
    return box;
  }

  async reap(signal: AbortSignal): Promise<number> {
    const { engine, host, cgroups, slots, egress } = this.#options;
    const { instance, epoch } = CONTAINER_LABELS;
    let reaped = 0;
    for (const container of await engine.listContainers([`${instance}=${host.instance}`], { signal })) {
      const age = container.Labels[epoch];
      if (age === undefined || !isOlder(age, host.epoch)) continue;
      await this.#remover.remove(container.Id, { inDoubt: false, isKilled: false, signal });
      reaped++;
    }
    await cgroups.reapOlder(signal);
    await egress?.reapOlder(signal);
    reapDockerParents(host.instance, host.epoch);
    await slots.reapOlder(signal);
    return reaped;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const { host, cgroups } = this.#options;
    const signal = AbortSignal.timeout(STOP_DEADLINE_MS);
    await settledOrAborted([...this.#creating], signal);
    for (const box of this.#boxes) box.kill();
    const results = await Promise.allSettled([...this.#boxes].map((box) => box.destroy(signal)));
    const failures = results.filter((result) => result.status === 'rejected');
    if (failures.length > 0)
      host.log.warn({ count: failures.length }, 'sandboxes are left for the next start to remove');
    await this.#remover.settle(signal);
    this.#remover.close();
    removeUnusedFolders(host.instance, cgroups.availability);
  }

  /** Asks the daemon once what it can do. Rejects with an EngineError. */
  async #createContext(signal: AbortSignal): Promise<CreateContext> {
    const options = this.#options;
    if (this.#enforced === null) {
      const info = await options.engine.info({ signal });
      this.#cgroupDriver = info.CgroupDriver;
      this.#enforced = enforcedBy(info);
    }
    return {
      kind: options.kind,
      engine: options.engine,
      remover: this.#remover,
      slots: options.slots,
      cgroups: options.cgroups,
      cgroupPathParent: this.#cgroupDriver === 'cgroupfs',
      cgroupSlice: this.#cgroupDriver === 'systemd' ? `coldframe-${options.host.instance}.slice` : null,
      uids: options.uids,
      egress: options.egress,
      seccompProfile: options.seccompProfile,
    };
  }
}

function probeSpec(id: string, host: HostContext): SandboxSpec {
  return {
    id,
    runtime: OWN_RUNTIME,
    memoryMib: 64,
    cpus: 1,
    pidsMax: 16,
    diskMib: 16,
    network: 'none',
    bootEnv: {},
    labels: { instance: host.instance, epoch: host.epoch },
    from: { kind: 'image' },
  };
}

/** Resolves when all have ended in any way, or when the signal aborts. */
async function settledOrAborted(underWay: Promise<unknown>[], signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([Promise.allSettled(underWay), aborted]);
}
