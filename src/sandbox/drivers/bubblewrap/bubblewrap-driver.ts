import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box, Driver, DriverCapabilities, ProbeResult, SandboxSpec } from '../../../contract/driver.ts';
import type { HostContext } from '../../../contract/host-context.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import { OWN_RUNTIME } from '../../../domain/runtimes.ts';
import type { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import type { Egress } from '../../../host/egress/egress.ts';
import { bootEnvironment } from '../../../host/launch/boot-environment.ts';
import { SlowTrial, tryBoot } from '../../../host/launch/boot-probe.ts';
import { BoxBuilder, type BoxParts, type BoxPlan } from '../../../host/launch/box-builder.ts';
import { INSIDE } from '../../../host/launch/inside.ts';
import { INPUT_FD } from '../../../host/launch/launch.ts';
import { readShellExit } from '../../../host/launch/read-shell-exit.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import { reapHost } from '../../../host/reap-host.ts';
import type { HostRuntimes } from '../../../host/runtimes/host-runtimes.ts';
import { architectureOf, seccompProgram } from '../../../host/seccomp/bpf-program.ts';
import type { SlotTree } from '../../../host/slot/slot-tree.ts';
import { bubblewrapArguments } from './bubblewrap-arguments.ts';
import { type BubblewrapTool, explainRefusal, findBubblewrap } from './bubblewrap-tool.ts';

const STOP_DEADLINE_MS = 5_000;
const FENCE = 'namespaces+seccomp';
/** bwrap runs two processes of its own, which count against the sandbox's limit. */
const OWN_PROCESSES = 2;
const TOO_BUSY = 'This host was too busy to start a sandbox for trial in time.';

export interface BubblewrapDriverOptions {
  host: HostContext;
  cgroups: CgroupTree;
  /** Null when the server may not set uids: bwrap then runs as the server's own user. */
  uids: UidPool | null;
  runtimes: HostRuntimes;
  slots: SlotTree;
  /** When null, `egress` is refused. */
  egress?: Egress | null;
}

/**
 * Sandboxes fenced by Linux namespaces through bwrap: no network, a minimal read-only root, our seccomp filter. A root
 * server runs each bwrap as the sandbox's own uid: as root its child could write the host's /proc/sys.
 */
export class BubblewrapDriver implements Driver {
  readonly name = 'bubblewrap';
  readonly isolation = 'bubblewrap';
  readonly #options: BubblewrapDriverOptions;
  readonly #builder: BoxBuilder;
  #tool: BubblewrapTool | null = null;
  #filterPath: string | null = null;

  constructor(options: BubblewrapDriverOptions) {
    this.#options = options;
    this.#builder = new BoxBuilder(options);
  }

  get capabilities(): DriverCapabilities {
    return {
      pause: this.#options.cgroups.availability.controllers.includes('freezer'),
      sharesHostKernel: true,
      egress: Boolean(this.#options.egress),
      fence: FENCE,
      memoryMinMib: 64,
      memoryOverheadMib: 2,
      typicalStartMs: 80,
    };
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const { host, runtimes } = this.#options;
    const enforced = this.#enforced(this.#options.cgroups.availability.controllers);
    const failed = { runtimes: [], enforced, progress: null };
    if (process.getuid?.() === 0 && this.#options.uids === null) {
      const detail = 'A root server needs uids of their own for bubblewrap sandboxes, and none are configured.';
      return { ...failed, state: 'no_permission', detail, fix: 'configure a uid range, or run the server as a user' };
    }
    try {
      this.#tool = await findBubblewrap(signal);
    } catch {
      return { ...failed, state: 'busy', detail: TOO_BUSY, fix: null };
    }
    if (this.#tool === null) {
      const fix = 'install it, e.g. `apt-get install bubblewrap`';
      return { ...failed, state: 'absent', detail: 'bwrap is not installed.', fix };
    }
    const labels = { instance: host.instance, epoch: host.epoch };
    const spec = { id: `probe-bubblewrap-${Date.now()}`, runtime: OWN_RUNTIME, labels };
    const error = await this.start(signal).then(
      () => tryBoot(this, spec, signal),
      (reason: unknown) => reason,
    );
    if (error === null) {
      const detail = `bubblewrap ${this.#tool.version} started a sandbox with our flags, which answered over its channel.`;
      return { state: 'usable', detail, fix: null, runtimes: runtimes.ids, enforced, progress: null };
    }
    if (!signal.aborted) host.log.warn({ error: String(error) }, 'the bubblewrap probe failed');
    if (error instanceof SlowTrial || signal.aborted) return { ...failed, state: 'busy', detail: TOO_BUSY, fix: null };
    return { ...failed, state: 'restricted', ...explainRefusal() };
  }

  async start(signal: AbortSignal): Promise<void> {
    const { cgroups, slots, runtimes } = this.#options;
    cgroups.prepare();
    this.#tool ??= await findBubblewrap(signal);
    if (this.#tool === null) throw new SandboxError('isolation_unavailable', 'bwrap is not installed');
    await slots.prepare();
    await runtimes.prepare(signal);
    this.#filterPath = await this.#writeFilter();
  }

  async create(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    if (spec.network !== 'none' && !this.#options.egress)
      throw new SandboxError('network_unenforceable', 'bubblewrap offers no egress here');
    const tool = this.#tool;
    if (tool === null) throw new SandboxError('sandbox_illegal_state', 'create before start');
    return this.#builder.build({
      spec: { ...spec, pidsMax: spec.pidsMax + OWN_PROCESSES },
      driver: this.name,
      slot: { view: 'mount', tempMib: spec.diskMib, root: this.#options.runtimes.get(spec.runtime).trees },
      memoryMib: spec.memoryMib + spec.diskMib,
      plan: (parts) => this.#plan(spec, tool, parts),
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
        'bubblewrap sandboxes left behind; the next start removes them',
      );
    });
  }

  #plan(spec: SandboxSpec, tool: BubblewrapTool, { slot, token, link }: BoxParts): BoxPlan {
    const runtime = this.#options.runtimes.get(spec.runtime);
    const env = bootEnvironment(spec, {
      ...{ channel: INSIDE.socket, token, tempDir: '/tmp', shimsDir: INSIDE.runtime },
      path: '/usr/local/bin:/usr/bin:/bin',
    });
    const args = bubblewrapArguments({
      ...{ runtime, channelDir: slot.channelDir, codeDir: slot.codeDir, env },
      ...{ rootDir: slot.rootDir, tempDir: slot.tempDir, terminalsDir: slot.terminalsDir },
      diskMib: spec.diskMib,
      canDisableUserns: tool.canDisableUserns,
      resolvConf: link === null ? null : this.#options.egress!.resolvConf,
      hasFilter: this.#filterPath !== null,
      bootsWithCode: spec.code !== undefined,
    });
    const program = [runtime.interpreterInside, join(INSIDE.runtime, runtime.bootstrap)];
    return {
      launch: {
        command: [tool.path, '--args', String(INPUT_FD), '--', ...program],
        input: Buffer.from(args.map((arg) => `${arg}\0`).join('')),
        env: {},
        cwd: '/',
        processesMax: spec.pidsMax + OWN_PROCESSES,
        noNewPrivileges: !tool.isSetuid,
        filePath: this.#filterPath ?? undefined,
        readExit: readShellExit,
      },
      receipt: ({ cgroup }: BoxParts) => {
        const controllers = Object.entries(cgroup?.enforced ?? {}).flatMap(([name, isSet]) => (isSet ? [name] : []));
        const fence = this.#filterPath === null ? 'namespaces' : FENCE;
        return {
          ...{ isolation: this.isolation, driver: this.name, fence, imageDigest: null },
          enforced: this.#enforced(controllers),
        };
      },
      taskRoot: INSIDE.task,
      isMeteredByPid: false,
    };
  }

  /** One file serves all sandboxes. Null on an architecture whose system call numbers we do not have. */
  async #writeFilter(): Promise<string | null> {
    const architecture = architectureOf(process.arch);
    if (architecture === null) return null;
    const path = join(this.#options.slots.epochDir, '.seccomp.bpf');
    await writeFile(path, seccompProgram(architecture), { mode: 0o600 });
    return path;
  }

  #enforced(controllers: string[]): EnforcedLimits {
    return {
      memory: controllers.includes('memory'),
      cpu: controllers.includes('cpu'),
      pids: controllers.includes('pids') || this.#options.uids !== null,
      // bwrap's own tmpfs bounds bytes alone, so files without content could be made without end; root mounts one that bounds both.
      disk: this.#options.uids !== null,
      network: true,
    };
  }
}
