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
  /** The runtime for sandboxes with egress, where it needs other flags; null: the same. */
  egressRuntime: string | null;
  /** What registers that runtime with the engine, for people; null where it needs no registering. */
  registration: { fix: string } | null;
  sharesHostKernel: boolean;
  /**
   * Who counts processes. `group`: the sandbox's cgroup, in which each of its processes is one of the host's. `rlimit`: the
   * runtime's own kernel, by RLIMIT_NPROC, since the group counts that kernel's threads and helpers too and its limit, met,
   * ends the whole sandbox.
   */
  pidsBy: 'group' | 'rlimit';
  /** Host processes and threads per process of the sandbox. */
  hostPidsPerProcess: number;
  /** Host processes and threads of the runtime itself. */
  hostPidsOwn: number;
  /** Memory beyond the function's own limit that its own kernel needs, in MiB. */
  memoryOverheadMib: number;
  /** Typical milliseconds from create to hello. */
  typicalStartMs: number;
  /**
   * Where a package bound by the host at claim becomes visible. `over`: on the code directory itself. `beneath`: only in
   * directories below it, since the runtime holds the directory open from before.
   */
  bindsShow: 'over' | 'beneath';
  /** Whether a FIFO on a read-only mount can be written to, as on Linux; else each FIFO gets a writable mount of its own. */
  writesFifosReadOnly: boolean;
  /** Whether a tmpfs the engine makes bounds the number of files too; else the host makes it and it is bound in. */
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

/** Registered under a name of our own: it needs flags that a plain `runsc` entry has not, and harms nobody who has one. */
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
