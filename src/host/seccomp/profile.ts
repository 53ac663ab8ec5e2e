import { SYSCALL_NUMBERS } from './syscall-numbers.ts';

/**
 * The one seccomp profile of Coldframe, for docker and bubblewrap alike, by names. What is not listed here and known to
 * the headers we were made from is allowed; calls newer than those read as not implemented, so that programs fall back.
 */
export const DENIED: readonly string[] = [
  // File systems and namespaces: the fence is made of them.
  ...['mount', 'umount', 'umount2', 'pivot_root', 'chroot', 'move_mount', 'open_tree', 'mount_setattr'],
  ...['fsopen', 'fsconfig', 'fsmount', 'fspick', 'setns', 'unshare', 'quotactl', 'quotactl_fd'],
  // Handles pass by path permissions.
  ...['name_to_handle_at', 'open_by_handle_at', 'pidfd_getfd'],
  // Other processes' memory.
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'kcmp', 'move_pages', 'migrate_pages'],
  // Kernel parts with a long record of escapes, none of which a function needs.
  ...['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'userfaultfd', 'bpf', 'perf_event_open'],
  ...['add_key', 'request_key', 'keyctl', 'fanotify_init', 'lookup_dcookie', 'memfd_secret', 'vmsplice'],
  // One call takes the whole host's budget of it (fs.aio-max-nr).
  ...['io_setup', 'io_destroy', 'io_submit', 'io_cancel', 'io_getevents', 'io_pgetevents'],
  // The machine itself.
  ...['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'create_module'],
  ...['get_kernel_syms', 'query_module', 'reboot', 'swapon', 'swapoff', 'acct', 'syslog', 'vhangup', 'nfsservctl'],
  ...['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'],
  ...['iopl', 'ioperm', 'modify_ldt', 'uselib', 'ustat', 'sysfs', '_sysctl', 'personality'],
];

/** Answered as not implemented, since its flags lie in memory where no filter sees them; libraries fall back to clone. */
export const NOT_IMPLEMENTED: readonly string[] = ['clone3'];

/** Flags of clone that make namespaces: mount, cgroup, uts, ipc, user, pid, net. */
export const NEW_NAMESPACE_FLAGS = 0x7e02_0000;

/** Calls that are denied when any of these bits is set in that argument (0 is the first). */
export const DENIED_FLAGS: readonly { name: string; argument: number; flags: number }[] = [
  { name: 'clone', argument: 0, flags: NEW_NAMESPACE_FLAGS },
  // Huge pages are the whole host's, few, and not counted as a sandbox's memory: MAP_HUGETLB, MFD_HUGETLB, SHM_HUGETLB.
  { name: 'mmap', argument: 3, flags: 0x4_0000 },
  { name: 'memfd_create', argument: 1, flags: 0x4 },
  { name: 'shmget', argument: 2, flags: 0o4000 },
];

/** Calls whose first argument is a family. */
export const SOCKET_CALLS: readonly string[] = ['socket', 'socketpair'];
/** Families they may make: unix, inet, inet6, netlink. Not packet, vsock, alg and the many rare ones. */
export const SOCKET_FAMILIES: readonly number[] = [1, 2, 10, 16];
/** The kernel has names for fewer; beyond them it refuses by itself. */
export const SOCKET_FAMILIES_END = 64;

export const EPERM = 1;
export const ENOSYS = 38;

/** All names of both machines that are allowed without a look at their arguments. */
export function allowedNames(): string[] {
  const flagged = DENIED_FLAGS.map(({ name }) => name);
  const conditional = new Set([...DENIED, ...NOT_IMPLEMENTED, ...flagged, ...SOCKET_CALLS]);
  const names = new Set(Object.values(SYSCALL_NUMBERS).flatMap((table) => Object.keys(table)));
  return [...names].filter((name) => !conditional.has(name)).sort();
}
