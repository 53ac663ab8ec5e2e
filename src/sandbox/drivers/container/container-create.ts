import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { BootEnded } from '../../../contract/boot-ended.ts';
import type { SandboxSpec } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import { cgroupOfProcess } from '../../../host/cgroup/process-cgroup.ts';
import type { EngineClient } from '../../../host/docker/engine-client.ts';
import { EngineError } from '../../../host/docker/engine-error.ts';
import type { Egress } from '../../../host/egress/egress.ts';
import { bootOutput } from '../../../host/launch/boot-output.ts';
import type { UidPool } from '../../../host/launch/uid-pool.ts';
import { undoStart } from '../../../host/launch/undo-start.ts';
import { withinInit } from '../../../host/launch/within-init.ts';
import { pause } from '../../../host/pause.ts';
import { writeIdentity } from '../../../host/slot/identity-files.ts';
import type { SlotTree } from '../../../host/slot/slot-tree.ts';
import { type ContainerPlacement, containerConfig } from './container-config.ts';
import type { ContainerKind } from './container-kind.ts';
import { containerLimits } from './container-limits.ts';
import { ContainerParts } from './container-parts.ts';
import type { ContainerRemover } from './container-remover.ts';

/** Pause between looks at whether a container died before it connected, in milliseconds. */
const STILLBORN_LOOK_MS = 25;
/** How long the daemon may take to tell how a container ended. */
const EXIT_CODE_DEADLINE_MS = 1_000;
/**
 * Taking a half-made sandbox apart may take this long. Afterwards the remover still owes the container, and the guard
 * owes the rest.
 */
const UNDO_DEADLINE_MS = 10_000;

export interface CreateContext {
  kind: ContainerKind;
  engine: EngineClient;
  remover: ContainerRemover;
  slots: SlotTree;
  cgroups: CgroupTree;
  /** Whether the daemon takes a cgroup path as parent (its cgroupfs driver). */
  cgroupPathParent: boolean;
  /** The slice for its systemd driver, which makes a scope per container in it; null with cgroupfs. */
  cgroupSlice: string | null;
  uids: UidPool | null;
  egress: Egress | null;
  seccompProfile: string | null;
}

export interface CreateRequest {
  spec: SandboxSpec;
  image: string;
  /** What runs inside. The token is passed in so that it can be part of the environment. */
  shim: (token: string) => { command: string[]; env: Record<string, string> };
  /** Called when the slot exists and nothing in it has started. */
  onSlot?: (parts: ContainerParts) => Promise<void>;
}

export interface Connected {
  parts: ContainerParts;
  token: string;
  channel: Socket;
  stdout: Readable;
  stderr: Readable;
}

/**
 * A container whose process has connected. On rejection or abort nothing is left on the host, or the error carries what
 * is left.
 */
export async function createConnected(
  context: CreateContext,
  request: CreateRequest,
  signal: AbortSignal,
): Promise<Connected> {
  const { spec } = request;
  const name = `coldframe-${spec.labels.instance}-${spec.labels.epoch}-${spec.id}`;
  if (signal.aborted) throw asSandboxError(signal.reason, signal);
  const parts = new ContainerParts(name, context.remover, context.uids);
  try {
    const placement = await prepareHost(context, request, parts, signal);
    const slot = parts.host.slot!;
    if (spec.code !== undefined) await slot.deliver(spec.code, signal, true);
    const { stdout, stderr } = slot.openOutput();
    await slot.listen();
    await request.onSlot?.(parts);
    const token = randomBytes(16).toString('hex');
    await startContainer(context, parts, containerConfig(spec, placement, request.shim(token)), signal);
    if (spec.network === 'egress') await linkContainer(context, parts, spec.id, signal);
    const channel = await connection(context.engine, parts, { spec, stdout, stderr }, signal);
    return { parts, token, channel, stdout, stderr };
  } catch (error) {
    throw await undoStart(spec.id, asSandboxError(error, signal), UNDO_DEADLINE_MS, (bounded) =>
      parts.abandon(bounded),
    );
  }
}

async function prepareHost(
  context: CreateContext,
  request: CreateRequest,
  parts: ContainerParts,
  signal: AbortSignal,
): Promise<ContainerPlacement> {
  const { spec } = request;
  const { kind } = context;
  const { host } = parts;
  const owner = { uid: host.uid, view: 'mount', bindsShow: kind.bindsShow } as const;
  host.slot = await context.slots.create(
    spec.id,
    kind.boundsInodes ? owner : { ...owner, tempMib: spec.diskMib },
    signal,
  );
  const uid = host.uid ?? process.getuid!();
  const limits = containerLimits(spec, kind);
  if (context.cgroupPathParent) host.cgroup = context.cgroups.create(spec.id, limits);
  if (host.cgroup) parts.cgroupParent = context.cgroups.dockerParent(spec.id);
  return {
    image: request.image,
    kind,
    limits,
    cgroupParent: parts.cgroupParent ?? context.cgroupSlice,
    ownCgroup: host.cgroup !== null,
    uid,
    identity: await writeIdentity(host.slot.directory, uid),
    channelDir: host.slot.channelDir,
    codeDir: host.slot.codeDir,
    tempDir: host.slot.tempDir,
    resolvConf: spec.network === 'egress' ? (context.egress?.resolvConf ?? null) : null,
    canBind: context.slots.canBind,
    seccompProfile: context.seccompProfile,
  };
}

async function startContainer(
  { engine }: CreateContext,
  parts: ContainerParts,
  config: ReturnType<typeof containerConfig>,
  signal: AbortSignal,
): Promise<void> {
  parts.container = 'asked';
  try {
    await engine.createContainer(parts.name, config, { signal });
  } catch (error) {
    if (error instanceof EngineError && error.status !== null) parts.container = 'none';
    throw error;
  }
  parts.container = 'made';
  await engine.startContainer(parts.name, { signal });
  // With a cgroup of our own, the kernel tells everything, and one round trip is spared.
  if (parts.host.cgroup) return;
  const { Id, State } = await engine.inspectContainer(parts.name, { signal });
  if (State.Pid <= 0) return;
  parts.initPid = State.Pid;
  parts.host.cgroup = cgroupOfProcess(State.Pid, Id);
}

/** The container started without a network. Its one link is put into its namespace while the shim comes up. */
async function linkContainer(
  { egress, engine, kind }: CreateContext,
  parts: ContainerParts,
  sandboxId: string,
  signal: AbortSignal,
): Promise<void> {
  const { State } = await engine.inspectContainer(parts.name, { signal });
  if (egress === null || State.Pid <= 0) throw new SandboxError('sandbox_start_failed', 'nothing to link');
  const end = { kind: 'namespace', path: `/proc/${State.Pid}/ns/net` } as const;
  parts.host.link = await egress.attach(kind.name, sandboxId, end, signal);
}

/** The accepted connection, or the reason why there will be none. */
async function connection(
  engine: EngineClient,
  parts: ContainerParts,
  { spec, ...output }: { spec: SandboxSpec; stdout: Readable; stderr: Readable },
  signal: AbortSignal,
): Promise<Socket> {
  const settled = new AbortController();
  const either = AbortSignal.any([signal, settled.signal]);
  const accepted = parts.host.slot!.accept(either);
  try {
    const ended = stillborn(engine, parts, output, either);
    return await withinInit(spec, Promise.race([accepted, ended]), () => bootOutput(output));
  } catch (error) {
    // The shim may have connected and died in the same moment. Nobody else would close that connection.
    accepted.then((socket) => socket.destroy()).catch(() => undefined);
    throw error;
  } finally {
    settled.abort();
  }
}

async function stillborn(
  engine: EngineClient,
  parts: ContainerParts,
  output: { stdout: Readable; stderr: Readable },
  signal: AbortSignal,
): Promise<never> {
  while (parts.isAlive()) await pause(STILLBORN_LOOK_MS, signal);
  const said = await bootOutput(output);
  const code = await engine.waitContainer(parts.name, { deadlineMs: EXIT_CODE_DEADLINE_MS, signal }).catch(() => null);
  throw new BootEnded({ cause: code === null ? 'lost' : 'exit', exitCode: code, signal: null }, said);
}

function asSandboxError(error: unknown, signal: AbortSignal): SandboxError {
  if (error instanceof SandboxError) return error;
  if (signal.aborted) return new SandboxError('sandbox_start_failed', 'the create was aborted', { cause: error });
  const unavailable = error instanceof EngineError && error.isUnreachable;
  const code = unavailable ? 'isolation_unavailable' : 'sandbox_start_failed';
  return new SandboxError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
