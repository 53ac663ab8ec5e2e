import type { Log } from '../domain/log.ts';

/** What every driver on one host shares; built once by main.ts. */
export interface HostContext {
  /**
   * The name by which this machine owns things: 12 hex digits, kept in the data directory. It is part of every label,
   * cgroup and directory name.
   */
  instance: string;
  /**
   * This life of the server: `e` and a base-36 number that the store makes rise. Older epochs of the same instance may
   * be reaped. Newer epochs, and those of other instances, never are.
   */
  epoch: string;
  /**
   * Directory of this instance for sockets, slots and runtimes: short (socket paths are capped at 108 bytes), mode 0711
   * and owned by the server, so that sandbox uids can pass through but not list. Slots live in `<runDir>/<epoch>/<sandboxId>`.
   */
  runDir: string;
  dataDir: string;
  /** First uid and count of the range from which each sandbox gets one uid. Null when the server may not set uids. */
  uidRange: { first: number; count: number } | null;
  log: Log;
}
