import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { launch } from '../../host/launch/launch.ts';
import { runTool } from '../../host/run-tool.ts';
import type { Machine, Vm, Vmm, VmmCapabilities, VmmInspection, VmSnapshot } from '../vmm.ts';
import { CONNECTIONS, qemuArguments, TRANSLATION_MIB } from './qemu-arguments.ts';
import { MIGRATION_FILE, QemuVm } from './qemu-vm.ts';

const PROGRAM = 'qemu-system-x86_64';
const PLACES = ['/usr/bin', '/usr/local/bin', '/opt/qemu/bin'];
const FIX = 'install it, e.g. `apt-get install qemu-system-x86`';
/** Memory of QEMU's own heap, stacks and caches, as measured, besides guest memory and translations. */
const HEAP_MIB = 96;
/** QEMU's block layer starts up to 64 workers for reads of the drives. */
const THREADS = 80;
/** Deadline of reading a program's version. */
const VERSION_DEADLINE_MS = 5_000;

/**
 * QEMU without hardware virtualisation: what stands in for Firecracker on hosts that cannot run that. Each machine is one process
 * of its own uid, in a network namespace with nothing in it or with its guest's tap alone, under QEMU's seccomp filter; its
 * connections are inherited sockets, so that there is no path to reach it by.
 */
export class QemuVmm implements Vmm {
  readonly name = 'qemu';
  #path: string | null = null;
  #version: string | null = null;

  get capabilities(): VmmCapabilities {
    return {
      snapshot: true,
      network: true,
      fence: 'emulated microvm',
      overheadMib: HEAP_MIB + TRANSLATION_MIB,
      threads: THREADS,
      typicalBootMs: 9_000,
      typicalRestoreMs: 500,
    };
  }

  async inspect(signal: AbortSignal): Promise<VmmInspection> {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      return { state: 'absent', version: null, detail: 'The QEMU isolation needs Linux on x86-64.', fix: null };
    }
    const path = await this.#find();
    if (path === null) return { state: 'absent', version: null, detail: `${PROGRAM} is not installed.`, fix: FIX };
    const version = this.#version ?? (await readVersion(path, signal));
    if (version === 'slow')
      return { state: 'busy', version: null, detail: 'QEMU did not say its version in time.', fix: null };
    this.#version = version;
    if (this.#version !== null) {
      return { state: 'present', version: this.#version, detail: `QEMU ${this.#version}.`, fix: null };
    }
    return { state: 'no_permission', version: null, detail: `${PROGRAM} cannot be run.`, fix: FIX };
  }

  boot(machine: Machine, signal: AbortSignal): Promise<Vm> {
    return this.#start(machine, null, signal);
  }

  restore(machine: Machine, snapshot: VmSnapshot, signal: AbortSignal): Promise<Vm> {
    return this.#start(machine, snapshot, signal);
  }

  async #start(machine: Machine, snapshot: VmSnapshot | null, signal: AbortSignal): Promise<Vm> {
    signal.throwIfAborted();
    const path = await this.#find();
    if (path === null) throw new SandboxError('isolation_unavailable', `${PROGRAM} is not installed`);
    const isIncoming = snapshot !== null;
    const process = launch({
      command: [path, ...qemuArguments(machine, { isIncoming })],
      env: {},
      cwd: machine.directory,
      output: null,
      cgroup: machine.cgroup,
      uid: machine.uid,
      processesMax: THREADS + machine.cpus,
      noNewPrivileges: true,
      connections: CONNECTIONS.length,
      hasOwnNetwork: machine.network === null,
      networkNamespace: machine.network?.namespacePath,
      // Opened as FILE_FD by the launching shell: QEMU's own uid needs no permission on it.
      ...(snapshot === null ? {} : { filePath: join(snapshot.directory, MIGRATION_FILE) }),
    });
    const vm = new QemuVm(machine, process);
    try {
      await vm.open(signal);
      if (isIncoming) await vm.resumeRestored(signal);
      return vm;
    } catch (error) {
      vm.kill();
      await vm.exited;
      throw error;
    }
  }

  async #find(): Promise<string | null> {
    for (const place of PLACES) {
      if (this.#path !== null) break;
      const path = join(place, PROGRAM);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        this.#path = path;
    }
    return this.#path;
  }
}

async function readVersion(path: string, signal: AbortSignal): Promise<string | 'slow' | null> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(VERSION_DEADLINE_MS)]);
  const { stdout } = await runTool(path, ['--version'], limit);
  if (stdout === '' && limit.aborted) return 'slow';
  return /version (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
}
