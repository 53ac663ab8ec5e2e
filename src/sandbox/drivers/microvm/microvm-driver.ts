import type { Box, Driver, DriverCapabilities, ProbeResult, SandboxSpec } from '../../../contract/driver.ts';
import type { HostContext } from '../../../contract/host-context.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import type { Isolation } from '../../../domain/names.ts';
import type { EgressLink } from '../../../host/egress/egress-link.ts';
import { TAP } from '../../../host/egress/link-script.ts';
import { reapHost } from '../../../host/reap-host.ts';
import type { GuestImage, GuestImages } from '../../../images/guest/guest-images.ts';
import type { CodeDisks } from '../../../microvm/code-disks.ts';
import { GuestControl } from '../../../microvm/guest-control.ts';
import { SnapshotStore } from '../../../microvm/snapshot-store.ts';
import type { Machine, Vmm, VmSnapshot } from '../../../microvm/vmm.ts';
import { bootShim, orItsEnd } from './boot-shim.ts';
import { MicrovmBox, placeCodeDisk } from './microvm-box.ts';
import {
  bootMessage,
  CARD_MAC,
  guestMemoryMib,
  guestNetworkOf,
  KERNEL_ARGUMENTS,
  kindOf,
  newToken,
  overheadMib,
  processors,
} from './microvm-machine.ts';
import { type HostParts, MicrovmParts, UNDO_DEADLINE_MS } from './microvm-parts.ts';
import { probeMicrovm } from './microvm-probe.ts';

const STOP_DEADLINE_MS = 10_000;
/** With less memory a guest's runtime does not start. */
const MEMORY_MIN_MIB = 64;

export interface MicrovmDriverOptions extends HostParts {
  isolation: Isolation;
  vmm: Vmm;
  images: GuestImages;
  /** May be shared by several drivers; whoever made it removes its directory. */
  disks: CodeDisks;
  host: HostContext;
  /** Belongs to this driver alone, which makes and removes it. */
  snapshotDir: string;
}

interface ReadySnapshot extends VmSnapshot {
  token: string;
}

/**
 * Sandboxes as virtual machines with a kernel of their own. One class serves every monitor. A generic sandbox is a
 * clone of a snapshot that was taken when its shim was ready, so a start costs a restore and not a boot.
 * docs/decisions/0024 tells who calls what, and 0026 tells what clones must not share.
 */
export class MicrovmDriver implements Driver {
  readonly name: string;
  readonly isolation: Isolation;
  readonly capabilities: DriverCapabilities;
  readonly #options: MicrovmDriverOptions;
  readonly #snapshots: SnapshotStore<ReadySnapshot>;
  readonly #boxes = new Set<MicrovmBox>();
  /** Removals after failed creates that are still under way. They outlast their callers. */
  readonly #creating = new Set<Promise<Box>>();
  #image: GuestImage | null = null;
  #templates = 0;
  #isStopped = false;

  constructor(options: MicrovmDriverOptions) {
    const { capabilities, name } = options.vmm;
    this.name = name;
    this.isolation = options.isolation;
    this.#options = options;
    this.#snapshots = new SnapshotStore(options.snapshotDir);
    this.capabilities = {
      pause: options.cgroups.availability.controllers.includes('freezer'),
      sharesHostKernel: false,
      egress: Boolean(options.egress) && capabilities.network,
      // A monitor learns during its inspection how it can be fenced.
      get fence() {
        return options.vmm.capabilities.fence;
      },
      memoryMinMib: MEMORY_MIN_MIB,
      memoryOverheadMib: overheadMib(capabilities),
      typicalStartMs: capabilities.snapshot ? capabilities.typicalRestoreMs : capabilities.typicalBootMs,
      firstStartMs: capabilities.typicalBootMs + (capabilities.snapshot ? capabilities.typicalRestoreMs : 0),
    };
  }

  probe(signal: AbortSignal): Promise<ProbeResult> {
    const { vmm, images, host } = this.#options;
    const driver = { capabilities: this.capabilities, create: this.create.bind(this), start: this.start.bind(this) };
    return probeMicrovm({ vmm, images, host, driver, enforced: this.#enforced() }, signal);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { cgroups, slots, images } = this.#options;
    cgroups.prepare();
    await slots.prepare();
    this.#image = await images.stage(slots.epochDir, signal);
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    const creating = this.#create(spec, signal);
    this.#creating.add(creating);
    try {
      return await creating;
    } catch (cause) {
      if (cause instanceof SandboxError) throw cause;
      throw new SandboxError('sandbox_start_failed', `sandbox ${spec.id} did not start`, { cause });
    } finally {
      this.#creating.delete(creating);
    }
  }

  reap(signal: AbortSignal): Promise<number> {
    return reapHost(this.#options, signal);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const signal = AbortSignal.timeout(STOP_DEADLINE_MS);
    const closing = this.#snapshots.close();
    await Promise.allSettled(this.#creating);
    const results = await Promise.allSettled([...this.#boxes].map((box) => box.destroy(signal)));
    await closing;
    const failed = results.filter((result) => result.status === 'rejected').length;
    if (failed > 0) this.#options.host.log.warn({ failed }, 'microVMs are left for the next start to remove');
  }

  async #create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    if (this.#isStopped) throw new SandboxError('sandbox_illegal_state', 'the driver is stopped');
    if (spec.network !== 'none') {
      if (!this.capabilities.egress) throw new SandboxError('network_unenforceable', `${this.name} offers no egress`);
      await this.#options.egress?.admit(this.name, spec.id);
    }
    const image = this.#image;
    if (image === null) throw new SandboxError('isolation_unavailable', 'there is no guest image');
    if (!image.runtimes.includes(spec.runtime)) {
      throw new SandboxError('runtime_unavailable', `the guest image has no ${spec.runtime}`);
    }
    const kind = this.#options.vmm.capabilities.snapshot ? kindOf(spec) : null;
    if (kind === null) return this.#build(spec, image, null, signal);
    return this.#snapshots.with(
      kind,
      (directory, stopping) => this.#makeSnapshot(spec, image, directory, stopping),
      (snapshot) => this.#build(spec, image, snapshot, signal),
      signal,
    );
  }

  /**
   * A machine whose shim is ready, booted or restored from the snapshot. On rejection nothing is left, or the error
   * carries what is left.
   */
  async #build(
    spec: SandboxSpec,
    image: GuestImage,
    snapshot: ReadySnapshot | null,
    signal: AbortSignal,
  ): Promise<Box> {
    const { vmm, disks } = this.#options;
    const parts = await MicrovmParts.prepare(this.#options, spec, vmm.capabilities, signal);
    try {
      const link = await this.#link(spec, parts, signal);
      const machine = await this.#machine(spec, image, parts, signal);
      const vm = await (snapshot === null ? vmm.boot(machine, signal) : vmm.restore(machine, snapshot, signal));
      parts.vm = vm;
      const streams = await vm.connect(signal);
      const control = new GuestControl(streams.control);
      const token = snapshot?.token ?? newToken();
      if (snapshot === null) {
        const message = bootMessage(spec, { token, settle: false });
        await bootShim({ parts, control, streams, runtimeMs: vmm.capabilities.typicalBootMs }, spec, message, signal);
      }
      await orItsEnd(parts, control.begin(link && guestNetworkOf(link), signal));
      const { isolation, name: driver } = this;
      const receipt = { isolation, driver, fence: this.capabilities.fence, imageDigest: image.digest };
      const box: MicrovmBox = new MicrovmBox({
        ...{ token, parts, vm, control, streams, disks, bootedWithCode: spec.code !== undefined },
        receipt: { ...receipt, enforced: this.#enforced() },
        onGone: () => this.#boxes.delete(box),
      });
      this.#boxes.add(box);
      return box;
    } catch (error) {
      throw await parts.undo(error);
    }
  }

  /** Boots a machine of that kind for the snapshot alone; it has no function, no secret and no network, and never runs on. */
  async #makeSnapshot(
    spec: SandboxSpec,
    image: GuestImage,
    directory: string,
    signal: AbortSignal,
  ): Promise<ReadySnapshot> {
    const { vmm, host } = this.#options;
    const id = `template-${this.name}-${++this.#templates}`;
    // No function runs here. A small share of a processor would only slow those who wait for the snapshot.
    const template = { ...spec, id, cpus: processors(spec) };
    const parts = await MicrovmParts.prepare(this.#options, template, vmm.capabilities, signal);
    try {
      const beganAtMs = performance.now();
      if (spec.network !== 'none')
        parts.host.link = await this.#options.egress!.spareTap(id, parts.host.uid ?? 0, signal);
      const vm = await vmm.boot(await this.#machine(template, image, parts, signal), signal);
      parts.vm = vm;
      const control = new GuestControl((await vm.connect(signal)).control);
      const token = newToken();
      await orItsEnd(parts, control.boot(bootMessage(spec, { token, settle: true }), signal));
      const snapshot = { ...(await vm.snapshot(directory, signal)), token };
      const tookMs = Math.round(performance.now() - beganAtMs);
      host.log.info({ isolation: this.isolation, runtime: spec.runtime, tookMs }, 'a microVM snapshot is ready');
      // A machine that cannot be removed fails the create that asked for the snapshot: its error carries the machine to the guard.
      await parts.remove(AbortSignal.timeout(UNDO_DEADLINE_MS));
      return snapshot;
    } catch (error) {
      throw await parts.undo(error);
    }
  }

  async #machine(spec: SandboxSpec, image: GuestImage, parts: MicrovmParts, signal: AbortSignal): Promise<Machine> {
    const { disks } = this.#options;
    const { code } = spec;
    return {
      id: spec.id,
      directory: parts.host.slot!.channelDir,
      uid: parts.host.uid,
      cgroup: parts.host.cgroup,
      kernelPath: image.kernelPath,
      initramfsPath: image.initramfsPath,
      kernelArguments: KERNEL_ARGUMENTS,
      rootfsPath: image.rootfsPath,
      codePath: await (code === undefined ? disks.empty() : placeCodeDisk(disks, parts, code, signal)),
      memoryMib: guestMemoryMib(spec),
      cpus: processors(spec),
      network: parts.host.link && { tap: TAP, mac: CARD_MAC, namespacePath: parts.host.link.namespacePath },
    };
  }

  async #link(spec: SandboxSpec, parts: MicrovmParts, signal: AbortSignal): Promise<EgressLink | null> {
    const { egress } = this.#options;
    if (spec.network === 'none' || !egress) return null;
    const link = await egress.attach(this.name, spec.id, { kind: 'tap', uid: parts.host.uid ?? 0 }, signal);
    parts.host.link = link;
    return link;
  }

  #enforced(): EnforcedLimits {
    const { controllers } = this.#options.cgroups.availability;
    // The guest's own kernel enforces these limits. The host enforces only the share of its CPU.
    return { memory: true, cpu: controllers.includes('cpu'), pids: true, disk: true, network: true };
  }
}
