import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { BootEnded } from '../../contract/boot-ended.ts';
import type { Box, SandboxSpec } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { CgroupTree } from '../cgroup/cgroup.ts';
import type { SandboxCgroup } from '../cgroup/sandbox-cgroup.ts';
import type { Egress } from '../egress/egress.ts';
import type { EgressLink } from '../egress/egress-link.ts';
import type { Slot, SlotOwner } from '../slot/slot.ts';
import type { SlotTree } from '../slot/slot-tree.ts';
import { bootOutput } from './boot-output.ts';
import { HostBox } from './host-box.ts';
import { HostSide } from './host-side.ts';
import { type LaunchOptions, launch } from './launch.ts';
import type { LaunchedProcess } from './launched-process.ts';
import { programPid } from './program-pid.ts';
import type { UidPool } from './uid-pool.ts';
import { undoStart } from './undo-start.ts';
import { withinInit } from './within-init.ts';

const CLEANUP_DEADLINE_MS = 5_000;

export interface BoxBuilderOptions {
  cgroups: CgroupTree;
  uids: UidPool | null;
  slots: SlotTree;
  /** When absent or null, nothing is linked and the driver refuses `egress`. */
  egress?: Egress | null;
}

/** What a driver decides about a box once slot, cgroup and uid are there. */
export interface BoxPlan {
  launch: Omit<LaunchOptions, 'cgroup' | 'uid' | 'output'>;
  receipt: (parts: BoxParts) => Box['receipt'];
  taskRoot: string;
  isMeteredByPid: boolean;
}

export interface BoxParts {
  /** The sandbox's link, in whose namespace it is started. Null without egress. */
  link: EgressLink | null;
  slot: Slot;
  cgroup: SandboxCgroup | null;
  uid: number | null;
  token: string;
}

export interface BuildOptions {
  spec: SandboxSpec;
  /** The driver's name, when it links sandboxes to the egress network. */
  driver?: string;
  slot: Omit<SlotOwner, 'uid'>;
  /** The cgroup's memory limit: the function's own plus what a tmpfs /tmp may hold. */
  memoryMib: number;
  plan: (parts: BoxParts) => Promise<BoxPlan> | BoxPlan;
  /**
   * Removes what that uid left outside its slot. It runs when everything is gone and before the uid may be used again.
   */
  tidy?: (uid: number) => Promise<void>;
  signal: AbortSignal;
}

/** What has been built so far, so that a failure at any step takes all of it down. */
interface Progress {
  host: HostSide;
  process: LaunchedProcess | null;
  remove: (signal: AbortSignal) => Promise<void>;
}

/** Builds boxes that are children of this server: uid, slot, cgroup, listener, process, connection, in that order. */
export class BoxBuilder {
  readonly #options: BoxBuilderOptions;
  /** Boxes not yet destroyed; a stopping driver ends them. */
  readonly #boxes = new Set<HostBox>();

  constructor(options: BoxBuilderOptions) {
    this.#options = options;
  }

  /** Resolves with a connected box. On rejection or abort nothing is left, or the SandboxError carries it as its leftover. */
  async build(options: BuildOptions): Promise<Box> {
    options.signal.throwIfAborted();
    const host = new HostSide(options.spec.id, this.#options.uids);
    const built: Progress = {
      host,
      process: null,
      remove: (signal) => host.remove(signal, { endProcesses: () => endOf(built.process, signal), tidy: options.tidy }),
    };
    try {
      return await this.#build(options, built);
    } catch (cause) {
      throw await undoStart(options.spec.id, cause, CLEANUP_DEADLINE_MS, built.remove);
    }
  }

  /** Destroys every box still there; collects failures. */
  async destroyAll(signal: AbortSignal): Promise<void> {
    const results = await Promise.allSettled([...this.#boxes].map((box) => box.destroy(signal)));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'some sandboxes could not be removed');
  }

  async #build(options: BuildOptions, built: Progress): Promise<Box> {
    const { spec, signal } = options;
    const { host } = built;
    const { uid } = host;
    const token = randomBytes(16).toString('hex');
    const slot = await this.#options.slots.create(spec.id, { uid, ...options.slot }, signal);
    host.slot = slot;
    if (spec.code !== undefined) await slot.deliver(spec.code, signal, true);
    const { cpus, pidsMax, memoryMib: heapMib } = spec;
    const limits = { memoryMib: options.memoryMib, heapMib, cpus, pidsMax };
    const cgroup = this.#options.cgroups.create(spec.id, limits);
    host.cgroup = cgroup;
    const output = slot.openOutput();
    await slot.listen();
    const link = await this.#link(options);
    host.link = link;
    const parts: BoxParts = { slot, cgroup, uid, token, link };
    const plan = await options.plan(parts);
    const { stdoutPath, stderrPath } = slot;
    const networkNamespace = link?.namespacePath;
    const process = launch({ ...plan.launch, cgroup, uid, networkNamespace, output: { stdoutPath, stderrPath } });
    built.process = process;
    const channel = await connectionOrExit(spec, slot, process, output, signal);
    process.connected();
    const box: HostBox = new HostBox({
      id: spec.id,
      token,
      channel,
      output,
      slot,
      process,
      cgroup,
      taskRoot: plan.taskRoot,
      receipt: plan.receipt(parts),
      meteredPid: plan.isMeteredByPid ? programPid(process.pid, plan.launch.view ?? null) : null,
      remove: async (removalSignal) => {
        await built.remove(removalSignal);
        this.#boxes.delete(box);
      },
    });
    this.#boxes.add(box);
    return box;
  }

  async #link({ spec, driver, signal }: BuildOptions): Promise<EgressLink | null> {
    if (spec.network === 'none') return null;
    const egress = this.#options.egress;
    if (!egress || driver === undefined) throw new SandboxError('network_unenforceable', 'nothing to link it to');
    return await egress.attach(driver, spec.id, { kind: 'new-namespace' }, signal);
  }
}

/** Kills it and resolves when nothing of it runs; rejects when the signal aborts first. */
async function endOf(process: LaunchedProcess | null, signal: AbortSignal): Promise<void> {
  if (process === null) return;
  process.kill();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([process.exited, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The connection, or the reason when the process ends first or the function's own doing keeps it from connecting. */
async function connectionOrExit(
  spec: SandboxSpec,
  slot: Slot,
  process: LaunchedProcess,
  output: { stdout: Readable; stderr: Readable },
  signal: AbortSignal,
) {
  const connected = new AbortController();
  const accepted = slot.accept(AbortSignal.any([signal, connected.signal]));
  const printed = () => bootOutput(output);
  let isConnected = false;
  const exited = process.exited.then(async (exit) => {
    // Later its output is the guard's to read.
    throw new BootEnded(exit, isConnected ? { stdout: '', stderr: '' } : await printed());
  });
  try {
    const channel = await withinInit(spec, Promise.race([accepted, exited]), printed);
    isConnected = true;
    return channel;
  } catch (error) {
    connected.abort();
    accepted.then((socket) => socket.destroy()).catch(() => undefined);
    throw error;
  } finally {
    exited.catch(() => undefined);
  }
}
