import { SYSCALL_NUMBERS } from './syscall-numbers.ts';

/**
 * The one seccomp profile of Coldframe, by names, for docker and bubblewrap alike. A call that is not listed here and
 * is known to the headers we were made from is allowed. A newer call reads as not implemented, so that programs fall
 * back.
 */
export const DENIED: readonly string[] = [
  // File systems and namespaces, because the fence is made of them.
  ...['mount', 'umount', 'umount2', 'pivot_root', 'chroot', 'move_mount', 'open_tree', 'mount_setattr'],
  ...['fsopen', 'fsconfig', 'fsmount', 'fspick', 'setns', 'unshare', 'quotactl', 'quotactl_fd'],
  // File handles, because they pass by path permissions.
  ...['name_to_handle_at', 'open_by_handle_at', 'pidfd_getfd'],
  // Memory of other processes.
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'kcmp', 'move_pages', 'migrate_pages'],
  // Parts of the kernel with a long record of escapes, which no function needs.
  ...['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'userfaultfd', 'bpf', 'perf_event_open'],
  ...['add_key', 'request_key', 'keyctl', 'fanotify_init', 'lookup_dcookie', 'memfd_secret', 'vmsplice'],
  // One such call takes the whole host's budget (fs.aio-max-nr).
  ...['io_setup', 'io_destroy', 'io_submit', 'io_cancel', 'io_getevents', 'io_pgetevents'],
  // The machine itself.
  ...['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'create_module'],
  ...['get_kernel_syms', 'query_module', 'reboot', 'swapon', 'swapoff', 'acct', 'syslog', 'vhangup', 'nfsservctl'],
  ...['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'],
  ...['iopl', 'ioperm', 'modify_ldt', 'uselib', 'ustat', 'sysfs', '_sysctl', 'personality'],
];

/**
 * Answered as not implemented, because its flags lie in memory, where no filter sees them. Libraries then use clone.
 */
export const NOT_IMPLEMENTED: readonly string[] = ['clone3'];

/** Flags of clone that make namespaces: mount, cgroup, uts, ipc, user, pid, net. */
export const NEW_NAMESPACE_FLAGS = 0x7e02_0000;

/** Calls that are denied when any of these bits is set in that argument (0 is the first). */
export const DENIED_FLAGS: readonly { name: string; argument: number; flags: number }[] = [
  { name: 'clone', argument: 0, flags: NEW_NAMESPACE_FLAGS },
  // Huge pages are few, belong to the whole host, and do not count as a sandbox's memory: MAP_HUGETLB, MFD_HUGETLB,
  // SHM_HUGETLB.
  { name: 'mmap', argument: 3, flags: 0x4_0000 },
  { name: 'memfd_create', argument: 1, flags: 0x4 },
  { name: 'shmget', argument: 2, flags: 0o4000 },
];

/** Calls whose first argument is an address family. */
export const SOCKET_CALLS: readonly string[] = ['socket', 'socketpair'];
/** Families that these calls may use: unix, inet, inet6, netlink. Not packet, vsock, alg and the many rare ones. */
export const SOCKET_FAMILIES: readonly number[] = [1, 2, 10, 16];
/** The kernel has names for fewer families. It refuses higher numbers by itself. */
export const SOCKET_FAMILIES_END = 64;

export const EPERM = 1;
export const ENOSYS = 38;

/** All names of both machines that are allowed whatever their arguments are. */
export function allowedNames(): string[] {
  const flagged = DENIED_FLAGS.map(({ name }) => name);
  const conditional = new Set([...DENIED, ...NOT_IMPLEMENTED, ...flagged, ...SOCKET_CALLS]);
  const names = new Set(Object.values(SYSCALL_NUMBERS).flatMap((table) => Object.keys(table)));
  return [...names].filter((name) => !conditional.has(name)).sort();
}
