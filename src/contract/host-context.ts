import type { Log } from '../domain/log.ts';

/** What every driver on one host shares; built once by main.ts. */
export interface HostContext {
  /** What this machine owns things by: 12 hex digits, kept in the data directory; part of every label, cgroup and directory name. */
  instance: string;
  /**
   * This life of the server, `e` + a base-36 number that the store makes rise; older epochs of the same instance may be
   * reaped, newer ones and those of other instances never.
   */
  epoch: string;
  /**
   * Directory of this instance for sockets, slots and runtimes: short (socket paths are capped at 108 bytes), mode 0711
   * and owned by the server, so that sandbox uids can pass through but not list. Slots live in `<runDir>/<epoch>/<sandboxId>`.
   */
  runDir: string;
  dataDir: string;
  /** First uid and count of the range sandboxes get one of each; null when the server may not set uids. */
  uidRange: { first: number; count: number } | null;
  log: Log;
}
