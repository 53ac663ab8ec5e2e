import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { SandboxSpec } from '../../../contract/driver.ts';
import type { HostContext } from '../../../contract/host-context.ts';
import { CgroupTree } from '../../../host/cgroup/cgroup.ts';
import { DEFAULT_DOCKER_SOCKET } from '../../../host/docker/docker-host.ts';
import { EngineClient } from '../../../host/docker/engine-client.ts';
import { whyNoDocker } from '../../../host/docker/engine-rig.ts';
import { Egress } from '../../../host/egress/egress.ts';
import { EgressNetwork } from '../../../host/egress/egress-network.ts';
import { UidPool } from '../../../host/launch/uid-pool.ts';
import { dockerSeccompProfile } from '../../../host/seccomp/docker-profile.ts';
import { SlotTree } from '../../../host/slot/slot-tree.ts';
import { DEFAULT_BASE_IMAGE, DEFAULT_SUITE, RuntimeImages } from '../../../images/runtime-images.ts';
import { EgressProver } from '../../../isolations/egress/egress-prover.ts';
import { CONTAINER_LABELS } from './container-config.ts';
import { ContainerDriver } from './container-driver.ts';
import { type ContainerKind, DOCKER } from './container-kind.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const CLOSE_DEADLINE_MS = 10_000;

export interface ContainerRig {
  driver: ContainerDriver;
  engine: EngineClient;
  images: RuntimeImages;
  host: HostContext;
  egress: Egress;
  spec(overrides?: Partial<SandboxSpec>): SandboxSpec;
  /** What is left of one sandbox, in words. */
  tracesOf(sandboxId: string): Promise<string[]>;
  /** What is left of the whole instance. Asks the daemon directly, past whatever stands before it. */
  traces(): Promise<string[]>;
  /** Stops everything; the run directory stays when `keep` is set, as after a crash. */
  close(): Promise<void>;
}

export interface ContainerRigOptions {
  /** Default: Docker's own runtime. */
  kind?: ContainerKind;
  socketPath?: string;
  instance?: string;
  epoch?: string;
  runDir?: string;
  runtimesDir?: string;
}

/** For tests alone: a driver of an installation of its own, on the real daemon. Prepares the image if it is missing. */
export async function containerRig(options: ContainerRigOptions = {}): Promise<ContainerRig> {
  const runDir = options.runDir ?? mkdtempSync(join(tmpdir(), 'cf'));
  const instance = options.instance ?? randomBytes(6).toString('hex');
  const epoch = options.epoch ?? `e${Date.now().toString(36)}`;
  const host: HostContext = {
    instance,
    epoch,
    runDir,
    dataDir: runDir,
    uidRange: { first: 600_000, count: 1_000 },
    log: SILENT,
  };
  const engine = new EngineClient({ socketPath: options.socketPath ?? DEFAULT_DOCKER_SOCKET });
  const images = imagesOf(engine, options.runtimesDir);
  const isReal = options.socketPath === undefined && options.runtimesDir === undefined;
  if (isReal) await images.prepareImages({ signal: new AbortController().signal });
  const cgroups = new CgroupTree(host);
  const slots = new SlotTree(host);
  const network = new EgressNetwork({ ...host, allow: [] });
  const egress = new Egress({ network, prover: new EgressProver({ ...host, network, allow: [] }) });
  const driver = new ContainerDriver({
    kind: options.kind ?? DOCKER,
    engine,
    images,
    host,
    cgroups,
    slots,
    egress,
    uids: new UidPool(host.uidRange!, { seed: instance }),
    seccompProfile: JSON.stringify(dockerSeccompProfile()),
  });
  let count = 0;
  const watcher = new EngineClient({ socketPath: DEFAULT_DOCKER_SOCKET });
  return {
    driver,
    engine,
    images,
    host,
    egress,
    spec: (overrides = {}) => ({
      id: `t${count++}${randomBytes(3).toString('hex')}`,
      runtime: 'python3.11',
      memoryMib: 128,
      cpus: 1,
      pidsMax: 64,
      diskMib: 16,
      network: 'none',
      bootEnv: {},
      labels: { instance, epoch },
      from: { kind: 'image' },
      ...overrides,
    }),
    tracesOf: async (sandboxId) => {
      const label = `${CONTAINER_LABELS.sandbox}=${sandboxId}`;
      const containers = (await watcher.listContainers([label])).map(({ Names }) => `container ${Names[0]}`);
      const slot = join(runDir, epoch, sandboxId);
      return existsSync(slot) ? [...containers, slot] : containers;
    },
    traces: async () => {
      const label = `${CONTAINER_LABELS.instance}=${instance}`;
      const containers = (await watcher.listContainers([label])).map(({ Names }) => `container ${Names[0]}`);
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(`${runDir}/`));
      return [...containers, ...mounts];
    },
    close: async () => {
      await driver.stop();
      await egress.close();
      await cgroups.close();
      await slots.close(AbortSignal.timeout(CLOSE_DEADLINE_MS));
      await engine.close();
      await watcher.close();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}

/** Null when containers of this kind can be made here, else the reason why a test is skipped. */
export async function whyNotHere(kind: ContainerKind): Promise<string | null> {
  const reason = await whyNoDocker();
  if (reason !== null || kind.ociRuntime === null) return reason;
  const engine = new EngineClient({ socketPath: DEFAULT_DOCKER_SOCKET });
  const { Runtimes } = await engine.info().finally(() => engine.close());
  return kind.ociRuntime in Runtimes ? null : `needs ${kind.name}: docker has no runtime ${kind.ociRuntime}`;
}

/** The image that all tests of this checkout share. */
export function imagesOf(engine: EngineClient, runtimesDir = resolve('runtimes')): RuntimeImages {
  return new RuntimeImages({
    engine,
    log: SILENT,
    nodePath: process.execPath,
    nodeVersion: process.versions.node,
    runtimesDir,
    baseImage: DEFAULT_BASE_IMAGE,
    suite: DEFAULT_SUITE,
  });
}
