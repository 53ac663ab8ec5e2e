import { randomBytes } from 'node:crypto';
import { chmod, chown, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ProbeResult, ProbeState, SandboxSpec } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import type { EnforcedLimits } from '../../../domain/invocation.ts';
import { describeFindings, type Finding, findAdvisories, weaknessOf } from '../../../host/advisories/advisories.ts';
import type { EngineClient } from '../../../host/docker/engine-client.ts';
import { EngineError } from '../../../host/docker/engine-error.ts';
import type { EngineInfo } from '../../../host/docker/engine-types.ts';
import { INSIDE } from '../../../host/launch/inside.ts';
import type { RuntimeImage, RuntimeImages } from '../../../images/runtime-images.ts';
import { type CreateContext, createConnected } from './container-create.ts';
import type { ContainerKind } from './container-kind.ts';
import { trialPackage } from './trial-package.ts';

/** An engine that has not said what it is by then hangs; a trial container may start later, on a busy host. */
const ENGINE_DEADLINE_MS = 10_000;
const REMOVAL_DEADLINE_MS = 10_000;
const NONCE_NAME = 'nonce';
/** The engine had no time for us; it is there. */
const SLOW_KINDS: ReadonlySet<string> = new Set(['timeout', 'aborted', 'overloaded']);
const SEEN_MOUNTS =
  'run the server in the mount namespace of the host: under systemd without ProtectHome, ProtectSystem, ProtectKernelModules, PrivateTmp and other lines that give it one of its own (deploy/systemd/coldframe.service has none)';
const NOTHING: EnforcedLimits = { memory: false, cpu: false, pids: false, disk: false, network: false };

/**
 * Reads the nonce from the mounted directory and sends it; then opens the file it is told of, in a package that was delivered while it
 * ran, and sends that: both ways of the channel, the mounts it began with, and those that came later.
 */
const TRIAL_SCRIPT = `
import socket
s = socket.socket(socket.AF_UNIX)
s.connect('${INSIDE.socket}')
f = s.makefile('rwb', 0)
f.write(open('${INSIDE.run}/${NONCE_NAME}', 'rb').read() + b'\\n')
path = f.readline().strip()
try:
    f.write(open(path, 'rb').read() + b'\\n')
except OSError:
    f.write(b'missing\\n')
`;

const BUSY: ProbeResult = answer('busy', 'Docker, or this host, was too busy to finish a trial in time.', null);

export interface ProbeContext {
  engine: EngineClient;
  images: RuntimeImages;
  kind: ContainerKind;
  create: () => Promise<CreateContext>;
  spec: (id: string) => SandboxSpec;
}

/** Runs one real container and says truthfully whether sandboxes can be made here; never throws. */
export async function probeContainers(context: ProbeContext, signal: AbortSignal): Promise<ProbeResult> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_DEADLINE_MS)]);
  let info: EngineInfo;
  try {
    info = await context.engine.info({ signal: deadline });
  } catch (error) {
    return deadline.aborted ? BUSY : unreachable(error);
  }
  if (info.OSType !== 'linux')
    return answer('restricted', `The engine runs ${info.OSType} containers.`, 'Use Linux containers.');
  const { ociRuntime, registration } = context.kind;
  if (ociRuntime !== null && !(ociRuntime in info.Runtimes)) {
    return answer('absent', `Docker answers but has no runtime named ${ociRuntime}.`, registration?.fix ?? null);
  }
  try {
    const image = await context.images.find(signal);
    if (image === null) return notPrepared(context.images);
    await tryOne(context, image, signal);
    const by = ociRuntime === null ? '' : ` with ${ociRuntime}`;
    const made = `One container was started by Docker ${info.ServerVersion}${by}; it saw this host's files and answered.`;
    const findings = await findingsOf(context.engine, deadline);
    const { weakness } = weaknessOf(findings);
    return {
      ...answer('usable', `${made}${describeFindings(findings)}`, null),
      ...{ runtimes: image.runtimes, enforced: enforcedBy(info) },
      ...(weakness === undefined ? {} : { refusesNew: weakness }),
    };
  } catch (error) {
    return deadline.aborted ? BUSY : trialFailed(error, context.kind);
  }
}

/** Images and working directories are ours, nothing is restored from a checkpoint, and no plugin stands between us and the engine. */
async function findingsOf(engine: EngineClient, signal: AbortSignal): Promise<Finding[]> {
  const { Version, Components } = await engine.version({ signal });
  const runc = Components?.find(({ Name }) => Name === 'runc')?.Version;
  return [...findAdvisories('docker', Version, []), ...(runc === undefined ? [] : findAdvisories('runc', runc, []))];
}

/** What the daemon can enforce; a tmpfs and a missing network need no permission of its own. */
export function enforcedBy(info: EngineInfo): EnforcedLimits {
  return {
    memory: info.MemoryLimit ?? false,
    cpu: info.CpuCfsQuota ?? false,
    pids: info.PidsLimit ?? false,
    disk: true,
    network: true,
  };
}

async function tryOne(context: ProbeContext, image: RuntimeImage, signal: AbortSignal): Promise<void> {
  const nonce = randomBytes(16).toString('hex');
  const id = `probe-${randomBytes(4).toString('hex')}`;
  const create = await context.create();
  const made = await createConnected(
    create,
    {
      spec: context.spec(id),
      image: image.reference,
      shim: () => ({ command: ['python3', '-c', TRIAL_SCRIPT], env: { PATH: '/usr/local/bin:/usr/bin:/bin' } }),
      onSlot: async ({ host: { slot, uid } }) => {
        const file = join(slot!.channelDir, NONCE_NAME);
        await writeFile(file, nonce, { mode: 0o400 });
        if (uid === null) return;
        await chown(file, 0, uid);
        await chmod(file, 0o440);
      },
    },
    signal,
  );
  try {
    const { code, proofPath, proof } = await trialPackage(create.slots.epochDir);
    const below = await made.parts.host.slot!.deliver(code, signal);
    made.channel.write(`${join(INSIDE.task, below, proofPath)}\n`);
    const heard = await readAll(made.channel, signal);
    if (heard === `${nonce}\nmissing\n`) throw new UnseenMount();
    if (heard !== `${nonce}\n${proof}\n`) throw new Error('the container answered with something else');
  } finally {
    made.channel.destroy();
    await made.parts.abandon(AbortSignal.timeout(REMOVAL_DEADLINE_MS));
  }
}

/** What is mounted on this host while a container runs does not show in it: large packages would be missing. */
class UnseenMount extends Error {
  constructor() {
    super('a large package, mounted while the container ran, is not seen in it.');
  }
}

function readAll(channel: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const abort = () => channel.destroy(new Error('no answer over the channel'));
    signal.addEventListener('abort', abort, { once: true });
    channel.setEncoding('utf8');
    channel.on('data', (piece: string) => {
      text += piece;
      // Nonce, question and two line ends; whatever says more is not our script.
      if (text.length > 256) channel.destroy(new Error('the container says too much'));
    });
    channel.once('end', () => resolve(text));
    channel.once('error', reject);
    channel.once('close', () => {
      signal.removeEventListener('abort', abort);
      reject(new Error('the channel closed'));
    });
    channel.resume();
  });
}

function unreachable(error: unknown): ProbeResult {
  const kind = error instanceof EngineError ? error.kind : 'lost';
  if (SLOW_KINDS.has(kind)) return BUSY;
  if (kind === 'absent') {
    return answer(
      'absent',
      'There is no Docker socket on this host.',
      'Install Docker (Debian: apt-get install docker.io).',
    );
  }
  if (kind === 'not_running') {
    return answer('not_running', 'Docker is installed but nothing answers on its socket.', 'systemctl start docker');
  }
  if (kind === 'no_permission') {
    const fix = 'usermod -aG docker "$USER", then sign in again (members of that group have the rights of root)';
    return answer('no_permission', 'This user may not open the Docker socket.', fix);
  }
  if (kind === 'unsupported') return answer('restricted', reasonOf(error), 'Upgrade Docker to 19.03 or newer.');
  return answer('not_running', `Docker does not answer properly: ${reasonOf(error)}.`, 'systemctl restart docker');
}

function notPrepared(images: RuntimeImages): ProbeResult {
  const fix = 'coldframe setup docker';
  if (images.failure && !images.progress) {
    return answer('restricted', `The runtime image could not be made: ${images.failure.message}`, fix);
  }
  const progress = images.progress?.fraction ?? 0;
  const step = images.progress ? `is being made (${images.progress.step})` : 'has not been made yet';
  return { ...answer('preparing', `Docker answers; the runtime image ${step}.`, fix), progress };
}

function trialFailed(failure: unknown, { registration }: ContainerKind): ProbeResult {
  const error = failure instanceof SandboxError && failure.cause instanceof EngineError ? failure.cause : failure;
  if (error instanceof EngineError && error.kind !== 'refused') return unreachable(error);
  if (failure instanceof UnseenMount)
    return answer('restricted', `A trial container did not work: ${failure.message}`, SEEN_MOUNTS);
  const fix =
    registration?.fix ??
    'The engine must run on this host itself: a remote one or Docker Desktop cannot mount the run directory.';
  return answer('restricted', `A trial container did not work: ${reasonOf(error)}`, fix);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function answer(state: ProbeState, detail: string, fix: string | null): ProbeResult {
  return { state, detail, fix, runtimes: [], enforced: NOTHING, progress: null };
}
