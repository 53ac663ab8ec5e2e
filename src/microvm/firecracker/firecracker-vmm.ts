import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { describeFindings, findAdvisories, weaknessOf } from '../../host/advisories/advisories.ts';
import { launch } from '../../host/launch/launch.ts';
import type { LaunchedProcess } from '../../host/launch/launched-process.ts';
import type { Machine, Vm, Vmm, VmmCapabilities, VmmInspection, VmSnapshot } from '../vmm.ts';
import { FirecrackerClient } from './api/firecracker-client.ts';
import { Cell, NAMES } from './cell.ts';
import { ConsoleTail } from './console-tail.ts';
import { findProgram, inspectProgram } from './firecracker-program.ts';
import { FirecrackerVm, MEMORY_FILE, STATE_FILE, startFailure } from './firecracker-vm.ts';
import { whyNoJail } from './jail-probe.ts';
import { findKvmAccess } from './kvm-access.ts';
import { VsockPorts } from './vsock-ports.ts';

/**
 * The console tells of a panic and of nothing else, since each character stops the guest. The guest ends by resetting
 * its processor, which is how Firecracker's guests end.
 */
const KERNEL_ARGUMENTS =
  'console=ttyS0 quiet loglevel=1 8250.nr_uarts=1 reboot=k pci=off i8042.noaux i8042.nomux i8042.dumbkbd';
/** The same for all machines: each monitor has a device of its own. */
const GUEST_CID = 3;
/**
 * What the monitor keeps besides the guest's memory, in MiB: its heap and device queues. It is more than was measured.
 */
const OVERHEAD_MIB = 16;
/**
 * One thread serves the API and one is the monitor's own. The kernel counts a worker of each machine among them, and
 * one is spare.
 */
const THREADS = 4;
/** Estimates until somebody measures them under hardware virtualization. Deadlines allow for several times as long. */
const TYPICAL_BOOT_MS = 1_200;
const TYPICAL_RESTORE_MS = 60;
const PROCESSES_MAX = 64;
const UNDO_DEADLINE_MS = 5_000;
const IF_NO_GUEST_BOOTS =
  'see the server log, and whether KVM truly works here (in a virtual machine that takes nested virtualization)';

export interface FirecrackerVmmOptions {
  /** The configured path. When null, the program is looked for on the PATH. */
  binaryPath: string | null;
  jailerPath: string | null;
  /** Where machines' directories will be: tells whether jails can be made there. */
  runDir: string;
  /** A sandbox uid to try a jail with. Null when sandboxes have no uid of their own. */
  probeUid: number | null;
  /**
   * How many times slower than under hardware virtualization guests run here. Deadlines and typical times scale with
   * it. Default 1.
   */
  slowness?: number;
}

/**
 * Machines run by Firecracker: one process each, spoken to over its API socket, in the jailer's jail where that is permitted
 * and else as the sandbox's own uid. The guest reaches us through vsock. Every failure ends the process: one that has missed a
 * deadline or lost a connection is never spoken to again.
 */
export class FirecrackerVmm implements Vmm {
  readonly name = 'firecracker';
  readonly #options: FirecrackerVmmOptions;
  readonly #slowness: number;
  /** Why there is no jail. Null when there is one. Known once inspected. */
  #noJail: string | null = 'not looked at yet';
  #groups: number[] = [];

  constructor(options: FirecrackerVmmOptions) {
    this.#options = options;
    this.#slowness = options.slowness ?? 1;
  }

  get capabilities(): VmmCapabilities {
    return {
      snapshot: true,
      network: true,
      fence: this.#noJail === null ? 'microvm+jailer' : 'microvm',
      overheadMib: OVERHEAD_MIB,
      threads: THREADS,
      typicalBootMs: TYPICAL_BOOT_MS * this.#slowness,
      typicalRestoreMs: TYPICAL_RESTORE_MS * this.#slowness,
    };
  }

  async inspect(signal: AbortSignal): Promise<VmmInspection> {
    const binaryPath = this.#binary();
    const program = await inspectProgram(binaryPath, signal);
    if (program.state !== 'present' || binaryPath === null) return program;
    const { runDir: directory, probeUid: uid } = this.#options;
    this.#noJail = await whyNoJail({ jailerPath: this.#jailer(), binaryPath, directory, uid }, signal).catch(String);
    const kvm = await findKvmAccess({ hasOwnUid: uid !== null, isJailed: this.#noJail === null });
    const { version } = program;
    if (kvm.state !== 'open') return { state: kvm.state, version, detail: kvm.detail, fix: kvm.fix };
    this.#groups = kvm.groups;
    const jail = this.#noJail === null ? 'It runs in its jailer’s jail.' : `It runs without a jail: ${this.#noJail}.`;
    // Our machines have no PCI bus (`pci=off`, no `--enable-pci`), no balloon and no memory that is plugged in later.
    const findings = findAdvisories('firecracker', version ?? '', this.#noJail === null ? ['jailer'] : []);
    const detail = `${program.detail} ${jail}${describeFindings(findings)}`;
    return { ...program, detail, fix: IF_NO_GUEST_BOOTS, ...weaknessOf(findings) };
  }

  async boot(machine: Machine, signal: AbortSignal): Promise<Vm> {
    return await this.#run(machine, signal, async (client, cell) => {
      const kernel = await cell.show(machine.kernelPath, 'kernel', signal);
      const initramfs =
        machine.initramfsPath === null ? null : await cell.show(machine.initramfsPath, 'initramfs', signal);
      return async () => {
        await client.putMachineConfig({ vcpu_count: vcpus(machine), mem_size_mib: machine.memoryMib }, signal);
        await client.putBootSource(
          {
            kernel_image_path: kernel,
            ...(initramfs === null ? {} : { initrd_path: initramfs }),
            boot_args: `${machine.kernelArguments} ${KERNEL_ARGUMENTS}`,
          },
          signal,
        );
        const drive = { is_root_device: false, is_read_only: true };
        await client.putDrive({ ...drive, drive_id: 'rootfs', path_on_host: NAMES.rootfs }, signal);
        await client.putDrive({ ...drive, drive_id: 'code', path_on_host: NAMES.code }, signal);
        await client.putVsock({ guest_cid: GUEST_CID, uds_path: NAMES.vsock }, signal);
        await client.putEntropy(signal);
        if (machine.network !== null) {
          const { tap, mac } = machine.network;
          await client.putNetworkInterface({ iface_id: 'eth0', host_dev_name: tap, guest_mac: mac }, signal);
        }
        await client.startInstance(signal);
      };
    });
  }

  async restore(machine: Machine, snapshot: VmSnapshot, signal: AbortSignal): Promise<Vm> {
    return await this.#run(machine, signal, async (client, cell) => {
      const state = await cell.show(join(snapshot.directory, STATE_FILE), STATE_FILE, signal);
      const memory = await cell.show(join(snapshot.directory, MEMORY_FILE), MEMORY_FILE, signal);
      return async () => {
        await client.loadSnapshot(
          {
            snapshot_path: state,
            mem_backend: { backend_type: 'File', backend_path: memory },
            resume_vm: true,
          },
          signal,
        );
      };
    });
  }

  /** `prepare` shows files to the monitor before it runs. It returns what to ask of the monitor then. */
  async #run(
    machine: Machine,
    signal: AbortSignal,
    prepare: (client: FirecrackerClient, cell: Cell) => Promise<() => Promise<void>>,
  ): Promise<Vm> {
    const binaryPath = this.#binary();
    if (binaryPath === null) throw new SandboxError('isolation_unavailable', 'Firecracker is not installed');
    signal.throwIfAborted();
    const { id, directory, uid } = machine;
    const jailerPath = this.#noJail === null && uid !== null ? this.#jailer() : null;
    const built: { cell?: Cell; ports?: VsockPorts; client?: FirecrackerClient; process?: LaunchedProcess } = {};
    let console: ConsoleTail | null = null;
    try {
      const cell = await Cell.make({ id, directory, uid, binaryPath, jailerPath });
      built.cell = cell;
      await cell.show(machine.rootfsPath, 'rootfs', signal);
      await cell.show(machine.codePath, 'code', signal);
      const ports = await VsockPorts.listen(join(cell.directory, NAMES.vsock), uid);
      built.ports = ports;
      const socketPath = join(cell.directory, NAMES.api);
      const client = new FirecrackerClient({ socketPath, deadlineFactor: this.#slowness });
      built.client = client;
      const configure = await prepare(client, cell);
      const process = this.#launch(machine, cell);
      built.process = process;
      console = new ConsoleTail(process.output!);
      let isAlive = true;
      void process.exited.then(() => {
        isAlive = false;
      });
      await client.greet(() => isAlive, signal);
      await configure();
      return new FirecrackerVm({ id, cell, process, client, ports, console });
    } catch (cause) {
      await undo(built);
      throw startFailure('Firecracker did not start the machine', cause, console?.text ?? '');
    }
  }

  #launch(machine: Machine, cell: Cell): LaunchedProcess {
    return launch({
      command: cell.command,
      env: {},
      cwd: cell.directory,
      output: null,
      cgroup: machine.cgroup,
      uid: cell.launchUid,
      groups: cell.isJailed ? [] : this.#groups,
      processesMax: PROCESSES_MAX,
      noNewPrivileges: true,
      networkNamespace: machine.network?.namespacePath,
    });
  }

  #binary(): string | null {
    return findProgram('firecracker', this.#options.binaryPath);
  }

  #jailer(): string | null {
    return findProgram('jailer', this.#options.jailerPath);
  }
}

async function undo(built: {
  cell?: Cell;
  ports?: VsockPorts;
  client?: FirecrackerClient;
  process?: LaunchedProcess;
}): Promise<void> {
  built.process?.kill();
  built.ports?.close();
  await built.client?.close();
  await built.process?.exited;
  await built.cell?.remove(AbortSignal.timeout(UNDO_DEADLINE_MS));
}

/** Firecracker takes whole processors. The cgroup enforces less than one. */
function vcpus(machine: Machine): number {
  return Math.max(1, Math.ceil(machine.cpus));
}
