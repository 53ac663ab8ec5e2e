import { join } from 'node:path';
import type { Box, Driver, DriverCapabilities, ProbeResult, SandboxSpec } from '../../../contract/driver.ts';
import type { HostContext } from '../../../contract/host-context.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import type { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import { bootEnvironment } from '../../../host/launch/boot-environment.ts';
import { tryBoot } from '../../../host/launch/boot-probe.ts';
import { BoxBuilder, type BoxParts, type BoxPlan } from '../../../host/launch/box-builder.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import { reapHost } from '../../../host/reap-host.ts';
import type { HostRuntimes } from '../../../host/runtimes/host-runtimes.ts';
import type { SlotTree } from '../../../host/slot/slot-tree.ts';
import { removeFilesOf } from '../../../host/slot/stray-files.ts';
import { removeIpcOf } from '../../../host/slot/stray-ipc.ts';

const STOP_DEADLINE_MS = 5_000;
const TIDY_DEADLINE_MS = 5_000;
const PATH = '/usr/local/bin:/usr/bin:/bin';

export interface ProcessDriverOptions {
  host: HostContext;
  cgroups: CgroupTree;
  /** Null when the server may not set uids: sandboxes then run as the server's own user. */
  uids: UidPool | null;
  runtimes: HostRuntimes;
  slots: SlotTree;
}

/**
 * Sandboxes as plain child processes: no fence beyond a uid of their own where the server is root, rlimits, a clean
 * environment, a private temp directory and, where permitted, a cgroup. They see the host's files and network.
 */
export class ProcessDriver implements Driver {
  readonly name = 'process';
  readonly isolation = 'process';
  readonly #options: ProcessDriverOptions;
  readonly #builder: BoxBuilder;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
    this.#builder = new BoxBuilder(options);
  }

  get capabilities(): DriverCapabilities {
    return {
      pause: this.#options.cgroups.availability.controllers.includes('freezer'),
      snapshot: false,
      fork: false,
      updateLimits: false,
      sharesHostKernel: true,
      codeDelivery: 'path',
      channel: 'uds',
      fence: 'none',
      memoryMinMib: 64,
      memoryOverheadMib: 0,
      typicalStartMs: 60,
    };
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const { host, runtimes } = this.#options;
    const enforced = this.#enforced(this.#options.cgroups.availability.controllers);
    const failed = { fix: null, runtimes: [], enforced, progress: null };
    if (process.platform !== 'linux') return { ...failed, state: 'absent', detail: 'This driver needs Linux.' };
    try {
      await runtimes.prepare(signal);
    } catch {
      return { ...failed, state: 'restricted', detail: 'No runtime of this host could be made usable for sandboxes.' };
    }
    const labels = { instance: host.instance, epoch: host.epoch };
    const error = await tryBoot(this, { id: `probe-process-${Date.now()}`, runtime: 'nodejs24', labels }, signal);
    if (error === null) {
      const detail = 'A process was started with our limits and answered over its channel.';
      return { state: 'usable', detail, fix: null, runtimes: runtimes.ids, enforced, progress: null };
    }
    if (!signal.aborted) host.log.warn({ error: String(error) }, 'the process isolation probe failed');
    return { ...failed, state: 'restricted', detail: 'A process with our limits did not start or did not answer.' };
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#options.cgroups.prepare();
    await this.#options.slots.prepare();
    await this.#options.runtimes.prepare(signal);
  }

  create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    return this.#builder.build({
      spec,
      slot: { view: 'path' },
      memoryMib: spec.memoryMib,
      plan: (parts) => this.#plan(spec, parts),
      tidy: async (uid) => {
        await Promise.all([removeFilesOf(uid), removeIpcOf(uid, AbortSignal.timeout(TIDY_DEADLINE_MS))]);
      },
      signal,
    });
  }

  reap(signal: AbortSignal): Promise<number> {
    return reapHost(this.#options, signal);
  }

  async stop(): Promise<void> {
    await this.#builder.destroyAll(AbortSignal.timeout(STOP_DEADLINE_MS)).catch((error) => {
      this.#options.host.log.warn(
        { error: String(error) },
        'process sandboxes left behind; the next start removes them',
      );
    });
  }

  async #plan(spec: SandboxSpec, { slot, token }: BoxParts): Promise<BoxPlan> {
    const runtime = this.#options.runtimes.get(spec.runtime);
    const tempDir = await slot.makePrivateDir('tmp');
    const env = bootEnvironment(spec, {
      ...{ channel: slot.socketPath, token, tempDir, shimsDir: runtime.shimsDir },
      path: PATH,
    });
    return {
      launch: {
        command: [runtime.interpreter, join(runtime.shimsDir, runtime.bootstrap)],
        env,
        cwd: tempDir,
        processesMax: spec.pidsMax,
        noNewPrivileges: true,
      },
      receipt: ({ cgroup }: BoxParts) => {
        const controllers = Object.entries(cgroup?.enforced ?? {}).flatMap(([name, isSet]) => (isSet ? [name] : []));
        return {
          ...{ isolation: this.isolation, driver: this.name, fence: 'none', imageDigest: null },
          enforced: this.#enforced(controllers),
        };
      },
      taskRoot: slot.codeDir,
      isMeteredByPid: true,
    };
  }

  #enforced(controllers: string[]): EnforcedLimits {
    return {
      memory: controllers.includes('memory'),
      cpu: controllers.includes('cpu'),
      pids: controllers.includes('pids') || this.#options.uids !== null,
      disk: false,
      network: false,
    };
  }
}
