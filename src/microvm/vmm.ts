import type { Duplex, Readable } from 'node:stream';
import type { BoxExit } from '../contract/driver.ts';
import type { SandboxCgroup } from '../host/cgroup/sandbox-cgroup.ts';

/**
 * A virtual machine monitor, as the microVM driver sees it: it starts machines and snapshots of machines and nothing more.
 * It knows its own program, API and devices; it does not know guests' languages, functions, frames or the pool. What differs
 * between monitors is in the capability record. Guests are the same for all of them (runtimes/guest), so is the order of
 * things (src/sandbox/drivers/microvm): boot or restore, `connect`, talk to the guest through `GuestControl`, later
 * `swapCode`, `kill`, `remove`.
 */
export interface Vmm {
  /** As receipts and metrics show it. */
  readonly name: 'qemu' | 'firecracker';
  readonly capabilities: VmmCapabilities;
  /**
   * Whether the program is there and can be run, with its version. It boots nothing: the driver's probe shows that a
   * guest truly boots. Never rejects.
   */
  inspect(signal: AbortSignal): Promise<VmmInspection>;
  /**
   * Starts a machine from kernel and drives. Resolves when the monitor runs it, before the guest has said anything. On
   * rejection (SandboxError) or abort no process of it is left, and outside `machine.directory` nothing at all.
   */
  boot(machine: Machine, signal: AbortSignal): Promise<Vm>;
  /**
   * Starts a machine that goes on where `snapshot` was taken; it runs when this resolves. The plan must be the one the
   * snapshot was taken with, except `id`, `directory`, `uid`, `cgroup` and the namespace of its network. Its code drive
   * is the empty one again. Rejects like `boot`.
   */
  restore(machine: Machine, snapshot: VmSnapshot, signal: AbortSignal): Promise<Vm>;
}

export interface VmmCapabilities {
  /** Machines can be snapshotted and restored here and now. Default false: every sandbox boots its guest. */
  snapshot: boolean;
  /** Guests may have a network device on a tap. Default false: `network: 'egress'` is refused. */
  network: boolean;
  /**
   * The fence around the monitor beyond the hardware's, in words for receipts: `microvm`, `microvm+jailer`, `emulated
   * microvm`.
   */
  fence: string;
  /** What the monitor needs itself beyond the guest's memory (heap, translation buffers), in MiB. */
  overheadMib: number;
  /** Threads of the monitor and its helpers, besides one per virtual CPU. */
  threads: number;
  /** Typical milliseconds from `boot` and from `restore` to a shim that answers. */
  typicalBootMs: number;
  typicalRestoreMs: number;
}

export interface VmmInspection {
  /** A known weakness that holds here, in one sentence; absent: none is known. */
  weakness?: string;
  /** `busy`: it did not say its version in time. */
  state: 'present' | 'absent' | 'no_permission' | 'busy';
  version: string | null;
  detail: string;
  /** What mends it. When the monitor is present: what to look at if its guests still do not boot. */
  fix: string | null;
}

/** Everything a machine is made of. Paths are absolute, on the host. */
export interface Machine {
  /** The sandbox's id; processes carry it in their command line where they can. */
  id: string;
  /**
   * A directory of this machine alone. It exists already, with mode 0710 for the group `uid`. Sockets and other files
   * of the monitor go here, and the driver removes them with it. Its path is short, so that socket paths in it fit 108
   * bytes.
   */
  directory: string;
  /** Uid and gid of the monitor's process. When null, the server's own. */
  uid: number | null;
  /** The monitor joins it before it runs anything of the guest. */
  cgroup: SandboxCgroup | null;
  kernelPath: string;
  /** Null for a kernel that has everything built in. */
  initramfsPath: string | null;
  /** What every guest needs; the monitor adds what its own devices need (console, transport). */
  kernelArguments: string;
  /** First drive, read-only, shared by all machines. */
  rootfsPath: string;
  /** Second drive, read-only: an empty image at first, replaced once by `swapCode`. All images have the same size. */
  codePath: string;
  /** The guest's memory. */
  memoryMib: number;
  cpus: number;
  /**
   * A network card on a tap that the monitor's uid may open, in the namespace in which the monitor is started. Null
   * when there is no card. The tap has the same name in every clone of a snapshot; the guest gives itself a MAC of its
   * own when it is told its address.
   */
  network: { tap: string; mac: string; namespacePath: string } | null;
}

/** Files of one snapshot; readable by every sandbox uid, written by none of them. Opaque to everybody but the monitor. */
export interface VmSnapshot {
  directory: string;
  /** Bytes on disk, for the bound on all snapshots. */
  bytes: number;
}

/** The guest's four connections (GUEST_PORTS), each accepted once. Handed over paused. */
export interface GuestStreams {
  control: Duplex;
  channel: Duplex;
  stdout: Readable;
  stderr: Readable;
}

/** A running machine. */
export interface Vm {
  readonly id: string;
  /**
   * The guest's connections. Devices (virtio-serial) are there at once. Sockets (vsock) are there when the guest has
   * dialled, and after a restore it dials anew. Once per machine. Rejects when the signal aborts or the machine ends
   * first.
   */
  connect(signal: AbortSignal): Promise<GuestStreams>;
  /**
   * Stops the machine and writes memory and devices into `directory`, which exists and is empty. The machine stays
   * stopped: it is never run on, only killed. Rejects with a SandboxError (`storage_full` when space is missing).
   */
  snapshot(directory: string, signal: AbortSignal): Promise<VmSnapshot>;
  /** Makes the guest's second drive show this image from its next read on. Once. Rejects with a SandboxError. */
  swapCode(imagePath: string, signal: AbortSignal): Promise<void>;
  /** The last of what the guest's kernel and the monitor printed, at most 4,000 characters, for our own log. */
  lastWords(): string;
  /**
   * Resolves once, when nothing of the monitor runs any more; never rejects. The cause is `oom` only when the host
   * killed it for memory.
   */
  readonly exited: Promise<BoxExit>;
  /** Sends SIGKILL to the monitor and its helpers. Synchronous; safe to repeat and on a frozen machine. */
  kill(): void;
  /** After `exited`: removes what lies outside `machine.directory` (jail, tap). Safe to repeat; rejects if something is left. */
  remove(signal: AbortSignal): Promise<void>;
}
