/**
 * What host and guest say to each other beside the shim's frames; `runtimes/guest/agent.py` is the other side. Four
 * connections: ports of one virtio-serial device named `coldframe.<name>`, or vsock connections that the guest dials to the
 * host (CID 2) on these port numbers. `channel` carries the shim's frames untouched, `stdout` and `stderr` what user code
 * prints; `control` carries one JSON object a line, at most CONTROL_LINE_MAX_BYTES long.
 *
 * Order: host `boot`, guest `started` (the shim's program runs), guest `ready` (the shim has connected and said hello, which the agent still holds back; nothing of a
 * function is there yet: this is where snapshots are taken), host `begin`, guest `begun` (clock, entropy and
 * network are its own, bytes flow), host `code` once the drive is swapped, guest `coded` (neither where the package was there at
 * boot). At any time guest `oom` and, last of all, `exit`. A guest
 * whose control connection ends before `begin` dials again (it has been restored); after it, it powers off.
 */
export const GUEST_PORTS = { control: 1001, channel: 1002, stdout: 1003, stderr: 1004 } as const;
export type GuestPort = keyof typeof GUEST_PORTS;

export const CONTROL_LINE_MAX_BYTES = 64 * 1024;

/** What a guest makes of its network card. Before that the card has no address and no use. */
export interface GuestNetwork {
  /** Its one IPv4 address (as /32) and its only way out. */
  address: string;
  gateway: string;
  mac: string;
  /** Content of /etc/resolv.conf. */
  resolvConf: string;
}

export type HostMessage =
  | {
      op: 'boot';
      /** The shim's program and arguments, and its whole environment, as seen in the guest. */
      command: string[];
      env: Record<string, string>;
      /** The limit for the function and its children, including tmpfs pages. */
      memoryMib: number;
      /** What the processes of the function may hold, without tmpfs pages. */
      heapMib: number;
      diskMib: number;
      pidsMax: number;
      /** When true, the guest says `ready` only when the shim has nothing left to prepare. Used for a snapshot. */
      settle: boolean;
      /** When true, the drive has the function's package already, and the guest mounts it before the shim starts. */
      code: boolean;
    }
  | { op: 'begin'; entropy: string; wallTimeMs: number; network: GuestNetwork | null }
  | { op: 'code'; entropy: string; wallTimeMs: number };

export type GuestMessage =
  /** The shim's program runs: from here on it is the function's doing when it never gets ready. */
  | { event: 'started' }
  | { event: 'ready' }
  | { event: 'begun' }
  | { event: 'coded' }
  /** Something asked for could not be done. The guest is of no further use. */
  | { event: 'failed'; detail: string }
  /** How many processes of the function the guest's kernel has killed for memory so far. */
  | { event: 'oom'; kills: number }
  /** The shim has ended and everything it wrote has been handed over. */
  | { event: 'exit'; exitCode: number | null; signal: string | null; oomKills: number };
