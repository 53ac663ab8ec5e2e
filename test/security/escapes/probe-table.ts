import type { Isolation } from '../../../src/domain/names.ts';

export const PROBE_GROUPS = ['files', 'processes', 'network', 'kernel', 'limits', 'neighbours'] as const;

/** One thing a hostile function tries, and where it is known to get through. */
export interface Probe {
  id: string;
  group: (typeof PROBE_GROUPS)[number];
  /** Completes "a function tries to ...". */
  tries: string;
  /** Where it gets through, and why that is so; everywhere else it must not. */
  open?: Partial<Record<Isolation, string>>;
  /** Under a server of an ordinary user, where that differs: the reason, or null where it does not get through there. */
  asUser?: Partial<Record<Isolation, string | null>>;
  /** What is looked for lies where only root can put it. */
  needsRoot?: true;
  /** Where the host's own settings decide, so that either answer is right: `open` tells of a host that refuses nothing. */
  hostDecides?: readonly Isolation[];
  /** It harms nobody where the sandbox has a kernel of its own, so getting through is as good as fenced there. */
  isAboutTheKernel?: true;
  /** A limit that must be enforced on this host for the probe to say anything. */
  needs?: 'memory' | 'cpu' | 'pids';
}

const SEES_THE_HOST = 'it runs on the host’s own file system; permissions are all that protects';
const SHARES_UID = 'all sandboxes of an ordinary user’s server are that user to the kernel';
const SHARES_NETWORK = 'it has the host’s network';
const NO_FILTER = 'there is no system call filter; the kernel’s settings alone decide';

/** Why it gets through here, whoever the server runs as; undefined where it must not. */
export function openingOf(probe: Probe, isolation: Isolation, isRoot: boolean): string | undefined {
  const asUser = isRoot ? undefined : probe.asUser?.[isolation];
  return asUser === undefined ? probe.open?.[isolation] : (asUser ?? undefined);
}

/** Weakest point first within a group. The suite holds every isolation of the registry to it; a new one must be fenced throughout. */
export const PROBES: readonly Probe[] = [
  {
    id: 'host-files',
    group: 'files',
    tries: 'read a file of the host that every user may read',
    needsRoot: true,
    open: { process: SEES_THE_HOST },
  },
  {
    id: 'host-write',
    group: 'files',
    tries: 'write where every user of the host may write, beyond the usual temp folders',
    needsRoot: true,
    open: { process: SEES_THE_HOST },
  },
  { id: 'server-state', group: 'files', tries: 'read the server’s keys, secrets, databases and environment' },
  {
    id: 'inherited-descriptors',
    group: 'files',
    tries: 'read a file that whoever started the server had open',
  },
  { id: 'other-code', group: 'files', tries: 'find another function’s code' },
  { id: 'code-write', group: 'files', tries: 'change, replace or remove its own code' },
  {
    id: 'code-links',
    group: 'files',
    tries: 'get through the code mount by hard and symbolic links, descriptors and ..',
  },
  { id: 'links-for-the-host', group: 'files', tries: 'have the host follow its links when the sandbox is removed' },
  { id: 'docker-socket', group: 'files', tries: 'reach the sockets of Docker and containerd' },
  {
    id: 'control-sockets',
    group: 'files',
    tries: 'open a control socket, its own a second time or another’s, or another’s output',
  },
  { id: 'other-env', group: 'processes', tries: 'read another function’s environment' },
  {
    id: 'other-processes',
    group: 'processes',
    tries: 'see processes that are not its own',
    open: { process: 'it has the host’s /proc' },
    asUser: { process: null },
  },
  { id: 'signal-others', group: 'processes', tries: 'signal a process that is not its own' },
  { id: 'ptrace-others', group: 'processes', tries: 'trace, read or borrow from a process that is not its own' },
  {
    id: 'host-loopback',
    group: 'network',
    tries: 'reach services on the host’s loopback, the server’s API among them',
    open: { process: SHARES_NETWORK },
  },
  {
    id: 'host-abstract',
    group: 'network',
    tries: 'reach a service of the host on an abstract Unix socket',
    open: { process: SHARES_NETWORK },
  },
  {
    id: 'host-addresses',
    group: 'network',
    tries: 'reach the host by its own addresses and the bridge’s gateway',
    open: { process: SHARES_NETWORK },
  },
  {
    id: 'metadata',
    group: 'network',
    tries: 'find a way to the cloud’s metadata address',
    open: { process: SHARES_NETWORK },
    hostDecides: ['process'],
  },
  {
    id: 'outside',
    group: 'network',
    tries: 'find a way to the internet',
    open: { process: SHARES_NETWORK },
    hostDecides: ['process'],
  },
  {
    id: 'other-sandboxes',
    group: 'network',
    tries: 'reach what another sandbox listens on',
    open: { process: SHARES_NETWORK },
  },
  { id: 'raw-sockets', group: 'network', tries: 'make raw and packet sockets', isAboutTheKernel: true },
  {
    id: 'vsock',
    group: 'network',
    tries: 'make vsock and kernel crypto sockets',
    open: { process: NO_FILTER },
    hostDecides: ['process'],
    isAboutTheKernel: true,
  },
  {
    id: 'egress-host',
    group: 'network',
    tries: 'with network egress, reach the host: its loopback, addresses and gateway',
  },
  { id: 'egress-sandboxes', group: 'network', tries: 'with network egress, reach what another sandbox listens on' },
  {
    id: 'egress-raw-sockets',
    group: 'network',
    tries: 'with network egress, make raw and packet sockets',
    isAboutTheKernel: true,
  },
  {
    id: 'mount',
    group: 'kernel',
    tries: 'mount, bind, unmount, change its root, open by handle',
    isAboutTheKernel: true,
  },
  {
    id: 'namespaces',
    group: 'kernel',
    tries: 'make or enter namespaces',
    open: { process: NO_FILTER },
    hostDecides: ['process'],
    isAboutTheKernel: true,
  },
  { id: 'modules', group: 'kernel', tries: 'load and remove kernel modules', isAboutTheKernel: true },
  { id: 'setuid', group: 'kernel', tries: 'become root or gain capabilities' },
  {
    id: 'devices',
    group: 'kernel',
    tries: 'make or open device nodes beyond null, zero, random and terminals',
    open: { process: 'it sees the host’s /dev; permissions are all that protects' },
    hostDecides: ['process'],
    isAboutTheKernel: true,
  },
  {
    id: 'proc-sys',
    group: 'kernel',
    tries: 'write kernel settings in /proc and /sys, its own limits among them',
    isAboutTheKernel: true,
  },
  { id: 'kernel-memory', group: 'kernel', tries: 'read the kernel’s memory, addresses or log', isAboutTheKernel: true },
  {
    id: 'machine',
    group: 'kernel',
    tries: 'reboot, load another kernel, swap, rename the host',
    isAboutTheKernel: true,
  },
  { id: 'time', group: 'kernel', tries: 'set the clock', isAboutTheKernel: true },
  {
    id: 'keyring',
    group: 'kernel',
    tries: 'use the kernel’s keyrings',
    open: { process: NO_FILTER },
    isAboutTheKernel: true,
  },
  {
    id: 'io-uring',
    group: 'kernel',
    tries: 'use io_uring',
    open: { process: NO_FILTER },
    hostDecides: ['process'],
    isAboutTheKernel: true,
  },
  {
    id: 'risky-calls',
    group: 'kernel',
    tries: 'use bpf, perf events, userfaultfd and fanotify',
    open: { process: NO_FILTER },
    hostDecides: ['process'],
    isAboutTheKernel: true,
  },
  {
    id: 'host-budgets',
    group: 'kernel',
    tries: 'take what the host has once for all: asynchronous I/O, huge pages; pairs of rare sockets',
    open: { process: NO_FILTER },
    isAboutTheKernel: true,
  },
  { id: 'memory', group: 'limits', tries: 'hold more memory than it was given', needs: 'memory' },
  { id: 'cpu', group: 'limits', tries: 'take more CPU time than it was given', needs: 'cpu' },
  { id: 'processes', group: 'limits', tries: 'have more processes than allowed', needs: 'pids' },
  { id: 'descriptors', group: 'limits', tries: 'open files without end' },
  {
    id: 'disk',
    group: 'limits',
    tries: 'write more than diskMib',
  },
  {
    id: 'inodes',
    group: 'limits',
    tries: 'make files without end',
    asUser: { bubblewrap: 'bwrap bounds its temp file systems in bytes alone' },
  },
  { id: 'log-pipe', group: 'limits', tries: 'fill the server through its output' },
  { id: 'forged-replies', group: 'neighbours', tries: 'answer for a call that is not its own' },
  {
    id: 'uid-budgets',
    group: 'neighbours',
    tries: 'use up what the kernel counts by user: inotify, pipes, queues, keys',
    asUser: { process: SHARES_UID, bubblewrap: SHARES_UID },
  },
  {
    id: 'shared-memory',
    group: 'neighbours',
    tries: 'share memory or message queues with another function',
  },
  {
    id: 'shared-locks',
    group: 'neighbours',
    tries: 'keep another function from starting by locking every file both use',
  },
  {
    id: 'lock-signals',
    group: 'neighbours',
    tries: 'show itself to a function that plays along, by a lock on a file or device both see',
    asUser: { bubblewrap: 'only root can mount overlays, so the runtime’s files are shared' },
    open: { process: 'the runtime’s files and devices are the host’s' },
  },
  {
    id: 'swapped-links',
    group: 'neighbours',
    tries: 'have the host remove what is not its own, while another function swaps folders for links',
  },
  { id: 'left-memory', group: 'neighbours', tries: 'leave shared memory behind that outlives its sandbox' },
];
