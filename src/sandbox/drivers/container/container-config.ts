import { join } from 'node:path';
import type { SandboxSpec } from '../../../contract/driver.ts';
import { MIB } from '../../../domain/limits.ts';
import { languageRow, type RuntimeId } from '../../../domain/runtimes.ts';
import type { SandboxCgroupLimits } from '../../../host/cgroup/sandbox-cgroup.ts';
import type { ContainerConfig, EngineMount } from '../../../host/docker/engine-types.ts';
import { libraryPath } from '../../../host/launch/boot-environment.ts';
import { BENEATH, INSIDE } from '../../../host/launch/inside.ts';
import type { IdentityFiles } from '../../../host/slot/identity-files.ts';
import { STDERR_NAME, STDOUT_NAME } from '../../../host/slot/output-fifo.ts';
import type { ContainerKind } from './container-kind.ts';
import { LAUNCHER_PIDS } from './container-limits.ts';

/** Labels on every container of ours; ownership is decided by them alone. */
export const CONTAINER_LABELS = {
  instance: 'coldframe.instance',
  epoch: 'coldframe.epoch',
  sandbox: 'coldframe.sandbox',
  driver: 'coldframe.driver',
} as const;

const CPU_PERIOD_US = 100_000;
/** The kernel refuses a smaller limit. */
const CPU_QUOTA_MIN_US = 1_000;
/** Files per MiB of /tmp: small files stay possible while a flood of empty ones ends before it costs kernel memory. */
const INODES_PER_MIB = 64;
/** /dev/shm, charged to the sandbox's memory: semaphores and small shared arrays. */
const SHM_BYTES = 16 * MIB;
/** The daemon's limit lies above that of our own cgroup, so that ours is reached first and does the counting. */
const BACKSTOP_MIB = 8;
/** Lambda has the same limit. */
const OPEN_FILES_MAX = 1_024;
/** Sandboxes are killed for memory before anything else on the host. */
const OOM_SCORE_ADJ = 500;
/**
 * A shell stays as process 1. It sends output to the FIFOs, so that children inherit them and the host still reads
 * after the shim has died. It reaps orphans, and it lets signals mean to the shim what they mean outside a container.
 * The shell's own message about a killed shim is not output of the function.
 */
const LAUNCH = `exec >${INSIDE.run}/${STDOUT_NAME} 3>${INSIDE.run}/${STDERR_NAME} 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?`;

export interface ContainerPlacement {
  image: string;
  kind: ContainerKind;
  limits: SandboxCgroupLimits;
  /** Null where the daemon decides. */
  cgroupParent: string | null;
  /** Whether that parent is a group of ours with the sandbox's limits. */
  ownCgroup: boolean;
  uid: number;
  /** Its own /etc/passwd, /etc/group and /etc/hosts: an engine that gives no network writes no hosts either. */
  identity: IdentityFiles;
  channelDir: string;
  codeDir: string;
  /** A temp file system made by the host; null where the engine makes one. */
  tempDir: string | null;
  /** The resolver's file for sandboxes with egress. When null, they have no resolver. */
  resolvConf: string | null;
  canBind: boolean;
  /** Docker's seccomp JSON; null means the daemon's default profile. */
  seccompProfile: string | null;
}

/** What the engine is asked for: the fence of a sandbox in full. `command` is run by the launcher. */
export function containerConfig(
  spec: SandboxSpec,
  at: ContainerPlacement,
  run: { command: string[]; env: Record<string, string> },
): ContainerConfig {
  const { kind, limits } = at;
  const ociRuntime = (spec.network === 'egress' ? kind.egressRuntime : null) ?? kind.ociRuntime;
  const memoryBytes = (limits.memoryMib + (at.ownCgroup ? BACKSTOP_MIB : 0)) * MIB;
  return {
    Image: at.image,
    Entrypoint: ['/bin/sh', '-c', LAUNCH, 'sandbox'],
    Cmd: run.command,
    User: `${at.uid}:${at.uid}`,
    WorkingDir: INSIDE.task,
    Env: Object.entries(run.env).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [CONTAINER_LABELS.instance]: spec.labels.instance,
      [CONTAINER_LABELS.epoch]: spec.labels.epoch,
      [CONTAINER_LABELS.sandbox]: spec.id,
      [CONTAINER_LABELS.driver]: kind.name,
    },
    // A network namespace with nothing but a loopback. Unlike NetworkMode none, it spares the daemon's network code,
    // which is more than half of a start.
    NetworkDisabled: true,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    Hostname: 'sandbox',
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', ...(at.seccompProfile === null ? [] : [`seccomp=${at.seccompProfile}`])],
      PidsLimit: limits.pidsMax,
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      CpuPeriod: CPU_PERIOD_US,
      CpuQuota: Math.max(CPU_QUOTA_MIN_US, Math.round(spec.cpus * CPU_PERIOD_US)),
      ...(at.cgroupParent === null ? {} : { CgroupParent: at.cgroupParent }),
      IpcMode: 'private',
      LogConfig: { Type: 'none', Config: {} },
      Mounts: mountsOf(at),
      Tmpfs: at.tempDir === null ? { '/tmp': tempOptions(spec.diskMib) } : {},
      Ulimits: [
        limitOf('nofile', OPEN_FILES_MAX),
        limitOf('core', 0),
        ...(kind.pidsBy === 'rlimit' ? [limitOf('nproc', spec.pidsMax + LAUNCHER_PIDS)] : []),
      ],
      ShmSize: SHM_BYTES,
      ...(ociRuntime === null ? {} : { Runtime: ociRuntime }),
      AutoRemove: false,
      Init: false,
      RestartPolicy: { Name: 'no' },
      OomScoreAdj: OOM_SCORE_ADJ,
    },
  };
}

function mountsOf(at: ContainerPlacement): EngineMount[] {
  const bind = (Source: string, Target: string, ReadOnly: boolean): EngineMount => ({
    Type: 'bind',
    Source,
    Target,
    ReadOnly,
    BindOptions: { Propagation: 'rprivate' },
  });
  const fifos = at.kind.writesFifosReadOnly ? [] : [STDOUT_NAME, STDERR_NAME];
  return [
    bind(at.channelDir, INSIDE.run, true),
    ...fifos.map((name) => bind(join(at.channelDir, name), join(INSIDE.run, name), false)),
    {
      ...bind(at.codeDir, INSIDE.task, true),
      // The package is bound there at claim and shows up inside by itself.
      BindOptions: { Propagation: at.canBind ? 'rslave' : 'rprivate' },
    },
    ...Object.entries(at.identity).map(([name, path]) => bind(path, `/etc/${name}`, true)),
    ...(at.resolvConf === null ? [] : [bind(at.resolvConf, '/etc/resolv.conf', true)]),
    ...(at.tempDir === null ? [] : [bind(at.tempDir, '/tmp', false)]),
  ];
}

function tempOptions(diskMib: number): string {
  return `rw,exec,nosuid,nodev,mode=1777,size=${diskMib}m,nr_inodes=${diskMib * INODES_PER_MIB}`;
}

function limitOf(name: string, max: number): { Name: string; Soft: number; Hard: number } {
  return { Name: name, Soft: max, Hard: max };
}

/** The shim's command and boot environment. `bootEnv` cannot replace what the shim itself needs. */
export function shimOf(
  spec: SandboxSpec,
  token: string,
  { bindsShow }: Pick<ContainerKind, 'bindsShow'>,
): { command: string[]; env: Record<string, string> } {
  return {
    command: shimCommand(spec.runtime),
    env: {
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      LD_LIBRARY_PATH: libraryPath(...(bindsShow === 'beneath' ? [join(INSIDE.task, BENEATH)] : []), INSIDE.task),
      ...spec.bootEnv,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/tmp',
      TMPDIR: '/tmp',
      LAMBDA_RUNTIME_DIR: INSIDE.runtime,
      COLDFRAME_CHANNEL: INSIDE.socket,
      COLDFRAME_TOKEN: token,
      COLDFRAME_RUNTIME: spec.runtime,
    },
  };
}

function shimCommand(runtime: RuntimeId): string[] {
  const { program, bootstrap } = languageRow(runtime);
  return [program, join(INSIDE.runtime, bootstrap)];
}
