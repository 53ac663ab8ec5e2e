import type { Isolation } from '../../../domain/names.ts';

/** How one OCI runtime of the engine differs from another: figures and abilities, so that nobody asks for its name. */
export interface ContainerKind {
  /** The driver's name, in receipts and labels. */
  name: string;
  isolation: Isolation;
  /** Words for people, as in receipts. */
  fence: string;
  /** The engine's runtime by name; null for its default. */
  ociRuntime: string | null;
  /** The runtime for sandboxes with egress, where it needs other flags. When null, it is the same runtime. */
  egressRuntime: string | null;
  /** What registers that runtime with the engine, for people. Null when it needs no registering. */
  registration: { fix: string } | null;
  sharesHostKernel: boolean;
  /**
   * Who counts processes. `group`: the sandbox's cgroup, because each process of the sandbox is a process of the host.
   * `rlimit`: the runtime's own kernel, by RLIMIT_NPROC. There the cgroup counts threads and helpers of that kernel
   * too, and reaching the cgroup's limit ends the whole sandbox.
   */
  pidsBy: 'group' | 'rlimit';
  /** Host processes and threads per process of the sandbox. */
  hostPidsPerProcess: number;
  /** Host processes and threads that the runtime itself needs. */
  hostPidsOwn: number;
  /** Memory beyond the function's own limit that its own kernel needs, in MiB. */
  memoryOverheadMib: number;
  /** Typical milliseconds from create to hello. */
  typicalStartMs: number;
  /**
   * Where a package that the host binds at claim becomes visible. `over`: on the code directory itself. `beneath`: only
   * in directories below it, because the runtime has held the directory open since before.
   */
  bindsShow: 'over' | 'beneath';
  /**
   * True when a FIFO on a read-only mount can be written to, as on Linux. Otherwise each FIFO gets a writable mount of
   * its own.
   */
  writesFifosReadOnly: boolean;
  /**
   * True when a tmpfs that the engine makes also bounds the number of files. Otherwise the host makes the tmpfs and
   * binds it in.
   */
  boundsInodes: boolean;
}

export const DOCKER: ContainerKind = {
  name: 'docker',
  isolation: 'docker',
  fence: 'container',
  ociRuntime: null,
  egressRuntime: null,
  registration: null,
  sharesHostKernel: true,
  pidsBy: 'group',
  hostPidsPerProcess: 1,
  hostPidsOwn: 0,
  memoryOverheadMib: 0,
  typicalStartMs: 200,
  bindsShow: 'over',
  writesFifosReadOnly: true,
  boundsInodes: true,
};

/**
 * Registered under a name of our own: a plain `runsc` entry lacks the flags it needs, and whoever has such an entry
 * keeps it unchanged.
 */
const GVISOR_RUNTIME = 'coldframe-runsc';
const GVISOR_FLAGS = '--host-uds=open --host-fifo=open';
const registered = (name: string, network: string): string =>
  `runsc install --runtime=${name} -- --network=${network} ${GVISOR_FLAGS}`;

export const GVISOR: ContainerKind = {
  name: 'gvisor',
  isolation: 'gvisor',
  fence: 'container+gvisor',
  ociRuntime: GVISOR_RUNTIME,
  egressRuntime: `${GVISOR_RUNTIME}-egress`,
  registration: {
    fix: `apt-get install runsc && ${registered(GVISOR_RUNTIME, 'none')} && ${registered(`${GVISOR_RUNTIME}-egress`, 'host')} && systemctl reload docker`,
  },
  sharesHostKernel: false,
  pidsBy: 'rlimit',
  hostPidsPerProcess: 3,
  hostPidsOwn: 128,
  memoryOverheadMib: 48,
  typicalStartMs: 400,
  bindsShow: 'beneath',
  writesFifosReadOnly: false,
  boundsInodes: false,
};
