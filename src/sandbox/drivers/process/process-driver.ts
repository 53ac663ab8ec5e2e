import { dirname, join } from 'node:path';
import type { Box, Driver, DriverCapabilities, ProbeResult, SandboxSpec } from '../../../contract/driver.ts';
import type { HostContext } from '../../../contract/host-context.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import { OWN_RUNTIME } from '../../../domain/runtimes.ts';
import type { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import { bootEnvironment } from '../../../host/launch/boot-environment.ts';
import { SlowTrial, tryBoot } from '../../../host/launch/boot-probe.ts';
import { BoxBuilder, type BoxParts, type BoxPlan } from '../../../host/launch/box-builder.ts';
import { type FoundView, findView } from '../../../host/launch/find-view.ts';
import { makeOwnView, type OwnView } from '../../../host/launch/own-view.ts';
import { readShellExit } from '../../../host/launch/read-shell-exit.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import { reapHost } from '../../../host/reap-host.ts';
import type { HostRuntimes } from '../../../host/runtimes/host-runtimes.ts';
import type { Slot } from '../../../host/slot/slot.ts';
import type { SlotTree } from '../../../host/slot/slot-tree.ts';
import { removeFilesOf } from '../../../host/slot/stray-files.ts';
import { removeIpcOf } from '../../../host/slot/stray-ipc.ts';
import { WHAT_FENCES } from './what-fences.ts';

const STOP_DEADLINE_MS = 5_000;
const TIDY_DEADLINE_MS = 5_000;
/** In a view made by a user, `unshare` and the first process of the PID namespace count against the sandbox's limit. */
const OWN_PROCESSES = 2;
const PATH = '/usr/local/bin:/usr/bin:/bin';
const TOO_BUSY = 'This host was too busy to start a process for trial in time.';

export interface ProcessDriverOptions {
  host: HostContext;
  cgroups: CgroupTree;
  /** Null when the server may not set uids: sandboxes then run as the server's own user. */
  uids: UidPool | null;
  runtimes: HostRuntimes;
  slots: SlotTree;
}

/**
 * Sandboxes as plain child processes with rlimits, a clean environment and, where permitted, a cgroup. They see the
 * host's files and network. Where namespaces can be made, they write only into a bounded /tmp of their own. The rest of
 * the host is protected by a uid of their own when the server is root, and otherwise by namespaces in which the server
 * does not exist.
 */
export class ProcessDriver implements Driver {
  readonly name = 'process';
  readonly isolation = 'process';
  readonly #options: ProcessDriverOptions;
  readonly #builder: BoxBuilder;
  #view: FoundView | null = null;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
    this.#builder = new BoxBuilder(options);
  }

  get capabilities(): DriverCapabilities {
    const fence = () => this.#fence;
    return {
      pause: this.#options.cgroups.availability.controllers.includes('freezer'),
      sharesHostKernel: true,
      // The first probe finds out what this host permits.
      get fence() {
        return fence();
      },
      get fencesNothing() {
        return fence() === 'none';
      },
      memoryMinMib: 64,
      memoryOverheadMib: 0,
      typicalStartMs: 60,
    };
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const { host, runtimes } = this.#options;
    const { controllers } = this.#options.cgroups.availability;
    const failed = { fix: null, runtimes: [], enforced: this.#enforced(controllers), progress: null };
    if (process.platform !== 'linux') return { ...failed, state: 'absent', detail: 'This driver needs Linux.' };
    try {
      await runtimes.prepare(signal);
    } catch (error) {
      if (signal.aborted) return { ...failed, state: 'busy', detail: TOO_BUSY };
      host.log.warn({ err: error }, 'no runtime of this host could be staged');
      return { ...failed, state: 'restricted', detail: 'No runtime of this host could be made usable for sandboxes.' };
    }
    const labels = { instance: host.instance, epoch: host.epoch };
    const spec = { id: `probe-process-${Date.now()}`, runtime: OWN_RUNTIME, labels };
    const error = await this.#findView(signal).then(
      () => tryBoot(this, spec, signal),
      (reason: unknown) => reason,
    );
    if (error === null) {
      const { detail, fix } = WHAT_FENCES[this.#fence];
      const enforced = this.#enforced(controllers);
      return { state: 'usable', detail, fix, runtimes: runtimes.ids, enforced, progress: null };
    }
    if (!signal.aborted) host.log.warn({ error: String(error) }, 'the process isolation probe failed');
    if (error instanceof SlowTrial || signal.aborted) return { ...failed, state: 'busy', detail: TOO_BUSY };
    return { ...failed, state: 'restricted', detail: 'A process with our limits did not start or did not answer.' };
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#options.cgroups.prepare();
    await this.#options.slots.prepare();
    await this.#options.runtimes.prepare(signal);
    await this.#findView(signal);
  }

  create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    const isUser = this.#view?.by === 'user';
    return this.#builder.build({
      spec: isUser ? { ...spec, pidsMax: spec.pidsMax + OWN_PROCESSES } : spec,
      slot: { view: 'path' },
      // Files in its temp file systems count as its memory.
      memoryMib: spec.memoryMib + (this.#view?.by ? spec.diskMib : 0),
      plan: (parts) => this.#plan(spec, parts),
      tidy: async (uid) => {
        // What it made in its own namespaces went with them.
        if (this.#view?.by) return;
        const deadline = AbortSignal.timeout(TIDY_DEADLINE_MS);
        await Promise.all([removeFilesOf(uid, deadline), removeIpcOf(uid, deadline)]);
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
    const view = await this.#viewFor(spec, slot);
    const tempDir = view === null ? await slot.makePrivateDir('tmp') : '/tmp';
    const env = bootEnvironment(spec, {
      ...{ channel: slot.socketPath, token, tempDir, shimsDir: runtime.shimsDir },
      ...{ path: PATH, taskRoot: slot.codeDir },
    });
    return {
      launch: {
        command: [runtime.interpreter, join(runtime.shimsDir, runtime.bootstrap)],
        env,
        view,
        // A program with a view is moved into its own /tmp. Until then it must hold no other folder of the host.
        cwd: view === null ? tempDir : '/',
        processesMax: spec.pidsMax,
        noNewPrivileges: true,
        readExit: view?.by === 'user' ? readShellExit : undefined,
      },
      receipt: ({ cgroup }: BoxParts) => {
        const controllers = Object.entries(cgroup?.enforced ?? {}).flatMap(([name, isSet]) => (isSet ? [name] : []));
        return {
          ...{ isolation: this.isolation, driver: this.name, fence: this.#fence, imageDigest: null },
          enforced: this.#enforced(controllers),
        };
      },
      taskRoot: slot.codeDir,
      isMeteredByPid: true,
    };
  }

  get #fence(): keyof typeof WHAT_FENCES {
    const by = this.#view?.by ?? null;
    if (by === 'user') return 'namespaces';
    if (this.#options.uids === null) return 'none';
    return by === 'root' ? 'uid+mounts' : 'uid';
  }

  async #findView(signal: AbortSignal): Promise<void> {
    if (this.#view !== null) return;
    const { slots, uids, host } = this.#options;
    await slots.prepare();
    const places = { epochDir: slots.epochDir, serverDirs: [host.dataDir, host.runDir] };
    this.#view = await findView({ ...places, hasUids: uids !== null }, signal);
    if (this.#view.reason !== null)
      host.log.warn({ reason: this.#view.reason }, 'process sandboxes get no namespaces of their own on this host');
  }

  async #viewFor(spec: SandboxSpec, slot: Slot): Promise<OwnView | null> {
    const by = this.#view?.by ?? null;
    if (by === null) return null;
    const { host, runtimes } = this.#options;
    const { interpreter, shimsDir, trees } = runtimes.get(spec.runtime);
    const keeps = [slot.channelDir, slot.codeDir, dirname(interpreter), shimsDir, ...trees.map(({ source }) => source)];
    const serverDirs = [host.dataDir, host.runDir];
    return makeOwnView({ by, slotDir: slot.directory, serverDirs, keeps, diskMib: spec.diskMib });
  }

  #enforced(controllers: string[]): EnforcedLimits {
    return {
      memory: controllers.includes('memory'),
      cpu: controllers.includes('cpu'),
      pids: controllers.includes('pids') || this.#options.uids !== null,
      disk: this.#view?.by != null,
      network: false,
    };
  }
}
