import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { Log } from '../../domain/log.ts';
import { isOlder } from '../epoch.ts';
import { listDirectories, tryMakeDirectory, tryWrite } from '../kernel-file.ts';
import { prepareV2Parent } from './cgroup-delegation.ts';
import { type CgroupLayout, findCgroupLayout } from './cgroup-layout.ts';
import { CgroupV1 } from './cgroup-v1.ts';
import { CgroupV2 } from './cgroup-v2.ts';
import { HeapWatch } from './heap-watch.ts';
import type { CgroupAvailability, SandboxCgroup, SandboxCgroupLimits } from './sandbox-cgroup.ts';

/** The parent's CPU shares; every other process group has 1024. The server outweighs all sandboxes together (v1). */
const PARENT_SHARES_V1 = 128;
/** The parent's CPU weight; the default is 100 (v2). */
const PARENT_WEIGHT_V2 = 10;
/** Removing one cgroup of an earlier life may take this long. Then it is reported and left for the next reap. */
const REAP_ONE_MS = 3_000;

export interface CgroupTreeOptions {
  instance: string;
  epoch: string;
  log: Log;
  /** Where the hierarchies are. Only tests give a layout. */
  layout?: CgroupLayout;
  /** True when sandboxes get only the CPU time that everything else on the host leaves. Default true. */
  doYield?: boolean;
}

/**
 * The part of the cgroup hierarchy that belongs to this installation: `/coldframe-<instance>` of low CPU weight, and under
 * it one group `<epoch>-<sandboxId>` per sandbox, made and kept by us whatever runs inside (Docker puts its own child
 * into ours). Works on cgroup v1 (one directory per controller) and v2 (delegation aware). Where nothing is writable it
 * says so once, in `prepare`, and `create` then returns null: callers run on without and their receipts say unenforced.
 */
export class CgroupTree {
  readonly #parentName: string;
  readonly #heaps = new HeapWatch();
  readonly #epoch: string;
  readonly #log: Log;
  readonly #layoutOverride: CgroupLayout | undefined;
  readonly #doYield: boolean;
  #layout: CgroupLayout | null = null;
  #availability: CgroupAvailability | null = null;

  constructor(options: CgroupTreeOptions) {
    this.#parentName = `coldframe-${options.instance}`;
    this.#epoch = options.epoch;
    this.#log = options.log;
    this.#layoutOverride = options.layout;
    this.#doYield = options.doYield ?? true;
  }

  /** Makes the parent and says which limits can be enforced; synchronous, idempotent, never throws. */
  prepare(): CgroupAvailability {
    if (this.#availability !== null) return this.#availability;
    const layout = this.#layoutOverride ?? findCgroupLayout();
    const availability = layout.version === 2 ? prepareV2Parent(layout, this.#parentName) : this.#prepareV1(layout);
    this.#layout = availability.layout;
    this.#availability = availability.result;
    if (availability.layout?.version === 2 && this.#doYield) {
      tryWrite(join(availability.layout.base, this.#parentName, 'cpu.weight'), String(PARENT_WEIGHT_V2));
    }
    this.#log.debug({ ...availability.result }, 'sandbox cgroups');
    return availability.result;
  }

  /** What `prepare` found. */
  get availability(): CgroupAvailability {
    return this.prepare();
  }

  /**
   * A new group with the given limits, or null where cgroups are not available. Throws SandboxError
   * `sandbox_start_failed` when the kernel refuses one that should have worked; nothing is left then.
   */
  create(sandboxId: string, limits: SandboxCgroupLimits): SandboxCgroup | null {
    if (!this.prepare().available || this.#layout === null) return null;
    const path = this.#path(sandboxId);
    const group = this.#layout.version === 2 ? new CgroupV2(this.#layout, path) : new CgroupV1(this.#layout, path);
    try {
      group.make(limits);
      if (limits.heapMib !== undefined && group.enforced.memory) this.#heaps.add(group, limits.heapMib);
      return group;
    } catch (cause) {
      group.discard();
      throw new SandboxError('sandbox_start_failed', `cgroup ${path} cannot be made`, { cause });
    }
  }

  /** For `HostConfig.CgroupParent` (cgroupfs driver): the sandbox's own group, absolute from the hierarchy's root. */
  dockerParent(sandboxId: string): string {
    const prefix = this.#layout?.version === 2 ? this.#layout.prefix : '';
    return `${prefix}/${this.#path(sandboxId)}`;
  }

  /** Kills and removes the groups of this instance's other (older) epochs; never another instance's. Returns how many. */
  async reapOlder(signal: AbortSignal): Promise<number> {
    if (!this.prepare().available || this.#layout === null) return 0;
    let reaped = 0;
    for (const name of this.#names()) {
      const epoch = name.slice(0, name.indexOf('-'));
      if (epoch === '' || !isOlder(epoch, this.#epoch)) continue;
      reaped += (await this.#removeByName(name, signal)) ? 1 : 0;
    }
    return reaped;
  }

  /**
   * For a graceful stop: removes the parent as soon as it is empty, which may take Docker a moment. What stays is
   * reaped at the next start. No group is made after it.
   */
  async close(): Promise<void> {
    if (this.#layout === null) return;
    const parent = this.#attach(this.#parentName);
    await parent.remove(AbortSignal.timeout(REAP_ONE_MS)).catch(() => undefined);
  }

  async #removeByName(name: string, signal: AbortSignal): Promise<boolean> {
    const group = this.#attach(`${this.#parentName}/${name}`);
    try {
      group.kill();
      await group.remove(AbortSignal.any([signal, AbortSignal.timeout(REAP_ONE_MS)]));
      return true;
    } catch (error) {
      this.#log.warn({ cgroup: name, error: String(error) }, 'a cgroup of an earlier start could not be removed yet');
      return false;
    }
  }

  #attach(path: string): SandboxCgroup {
    const layout = this.#layout as CgroupLayout;
    return layout.version === 2 ? new CgroupV2(layout, path) : new CgroupV1(layout, path);
  }

  /** Names of all sandbox groups under the parent, in any hierarchy. */
  #names(): string[] {
    const layout = this.#layout;
    if (layout === null) return [];
    const bases = layout.version === 2 ? [layout.base] : Object.values(layout.controllers);
    return [...new Set(bases.flatMap((base) => listDirectories(join(base, this.#parentName))))];
  }

  #path(sandboxId: string): string {
    return `${this.#parentName}/${this.#epoch}-${sandboxId}`;
  }

  #prepareV1(found: CgroupLayout & { version: 1 }): { layout: CgroupLayout | null; result: CgroupAvailability } {
    const usable: typeof found.controllers = {};
    const reasons: string[] = [];
    for (const [controller, base] of Object.entries(found.controllers)) {
      const failure = tryMakeDirectory(join(base, this.#parentName));
      if (failure === null) usable[controller as keyof typeof usable] = base;
      else reasons.push(`${controller}: ${failure}`);
    }
    if (usable.cpu !== undefined && this.#doYield) {
      tryWrite(join(usable.cpu, this.#parentName, 'cpu.shares'), String(PARENT_SHARES_V1));
    }
    const controllers = Object.keys(usable);
    if (controllers.length === 0) {
      const reason =
        reasons.length > 0 ? `cgroup v1 is not writable (${reasons.join(', ')})` : 'no cgroup v1 controllers';
      const fix = 'run the server as root, or give it a delegated cgroup';
      return { layout: null, result: { available: false, version: 1, reason, fix, controllers } };
    }
    const reason = reasons.length > 0 ? reasons.join(', ') : null;
    return {
      layout: { version: 1, controllers: usable },
      result: { available: true, version: 1, reason, fix: null, controllers },
    };
  }
}
