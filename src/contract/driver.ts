import type { Duplex, Readable } from 'node:stream';
import type { EnforcedLimits, Receipt } from '../domain/invocation.ts';
import type { Isolation, Network, RuntimeId } from '../domain/names.ts';

/**
 * A driver builds fenced boxes and nothing more: it knows processes, namespaces, containers and files; it does not know
 * frames, functions, pools or HTTP. The guard (src/sandbox/guard) wraps every driver and every box: it owns legal order,
 * start-once and stop-once, deadlines and events, and it alone speaks the wire. Callers never ask a driver for its name
 * to decide something: differences are the capability record.
 */
export interface Driver {
  readonly name: string;
  readonly isolation: Isolation;
  readonly capabilities: DriverCapabilities;
  /**
   * Runs the real thing with a deadline and says truthfully whether boxes can be made here. Never throws, never crashes
   * the server, never runs at import. The guard caches the answer; `probe` itself does not.
   */
  probe(signal: AbortSignal): Promise<ProbeResult>;
  /** Called once, before the first create. Rejects with a SandboxError; safe to call again after a rejection. */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Builds one box whose shim has connected (its `hello` not yet read). On rejection or abort everything built so far is
   * gone; what cannot be removed is the SandboxError's `leftover`. Rejects with a SandboxError.
   */
  create(spec: SandboxSpec, signal: AbortSignal): Promise<Box>;
  /**
   * Removes what earlier epochs of this instance left behind (containers, cgroups, mounts, directories) and says how
   * many; never touches another instance. Safe to repeat.
   */
  reap(signal: AbortSignal): Promise<number>;
  /** Destroys what is left and releases the driver's own resources; safe to repeat; never rejects for a lost daemon. */
  stop(): Promise<void>;
}

export interface DriverCapabilities {
  /** A box can be frozen and thawed in well under a millisecond. Default false: idle boxes keep running. */
  pause: boolean;
  sharesHostKernel: boolean;
  /**
   * Boxes may be linked to the egress network; a trial proves that its fence holds. Default false: `egress` is refused.
   */
  egress?: boolean;
  /** Words for people, as in receipts. */
  fence: string;
  /**
   * Nothing stands between a function and the server itself. A function runs here only when this isolation was named.
   * Default false.
   */
  fencesNothing?: boolean;
  /** Smallest memory limit in MiB this driver can run a runtime in. */
  memoryMinMib: number;
  /** Memory a box needs beyond the function's own limit (guest kernel, sentry), in MiB. */
  memoryOverheadMib: number;
  /** Typical milliseconds from create to hello. Eviction weighs by it. */
  typicalStartMs: number;
  /** The same for the first sandbox of a kind, when it takes longer because a guest boots. Deadlines allow for it. */
  firstStartMs?: number;
}

/**
 * What a probe found. `absent`, `not_running` and `no_permission` are definite: nothing is there, nothing answers, or this user may not.
 * `restricted`: a trial ended and failed. `busy`: a trial had no time to end, which tells nothing against the isolation.
 */
export const PROBE_STATES = [
  'usable',
  'preparing',
  'absent',
  'not_running',
  'no_permission',
  'restricted',
  'busy',
] as const;
export type ProbeState = (typeof PROBE_STATES)[number];

export interface ProbeResult {
  state: ProbeState;
  /** One sentence: what was tried and what was seen. No host paths beyond well-known ones. */
  detail: string;
  /** A command or setting that mends it. Null when the driver is usable, or when nothing mends it. */
  fix: string | null;
  /** Runtimes this driver can offer now. */
  runtimes: RuntimeId[];
  /** What boxes made now would truly enforce. */
  enforced: EnforcedLimits;
  /**
   * Why new functions are kept from it unless the operator insists, in one sentence: a known weakness that holds here. Functions
   * that have it already go on. Absent: nothing is known.
   */
  refusesNew?: string;
  /** 0 to 1 while `preparing`, else null. */
  progress: number | null;
}

/** What a box must be; no Docker or Kubernetes words. A generic box has no function yet. */
export interface SandboxSpec {
  id: string;
  runtime: RuntimeId;
  memoryMib: number;
  cpus: number;
  pidsMax: number;
  diskMib: number;
  network: Network;
  /** Variables that only work at boot (NODE_OPTIONS, PYTHONHASHSEED, ...); empty for a generic box. */
  bootEnv: Record<string, string>;
  /** Ownership labels: instance id and epoch of the server that makes it. */
  labels: { instance: string; epoch: string };
  from: { kind: 'image' };
  /**
   * The package of a sandbox that boots with its function's environment. That environment may name files of the
   * package, so the package is visible before the first program starts. `deliver` then says where it lies. Absent for a
   * generic sandbox.
   */
  code?: CodeRef;
  /** With `code`: milliseconds the function may take to load. Its variables may run code of it before the shim connects. */
  initTimeoutMs?: number;
}

export interface BoxExit {
  cause: 'exit' | 'signal' | 'oom' | 'lost' | 'destroyed';
  exitCode: number | null;
  signal: string | null;
}

/**
 * CPU in microseconds since the box began, and peak memory in bytes since the last reset. Null when a figure cannot be
 * measured.
 */
export interface MeterReading {
  cpuUs: number | null;
  peakBytes: number | null;
  source: 'cgroup1' | 'cgroup2' | 'procfs' | null;
}

/** Nothing could be read. */
export const UNMEASURED: Readonly<MeterReading> = Object.freeze({ cpuUs: null, peakBytes: null, source: null });

/** A code tree to make visible inside a box. */
export interface CodeRef {
  sha256: string;
  workspaceId: string;
  /** Absolute path of the read-only tree on the host. */
  path: string;
  fileCount: number;
}

/** What the driver built. All members may be called at any time after create; after `destroy` they do nothing. */
export interface Box {
  readonly id: string;
  /** The token that the shim's `hello` must carry; used once. */
  readonly token: string;
  /** The one accepted connection to the shim. Like the outputs it may be handed over paused. */
  readonly channel: Duplex;
  /** Output of user code and its children. Paused readers make the writer wait. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves once, when nothing of the box runs any more; never rejects. */
  readonly exited: Promise<BoxExit>;
  readonly receipt: Pick<Receipt, 'isolation' | 'driver' | 'fence' | 'imageDigest' | 'enforced'>;
  /** Makes the code visible, read-only, and returns its path as seen from inside. Once per box. Rejects with a SandboxError. */
  deliver(code: CodeRef, signal: AbortSignal): Promise<{ taskRoot: string }>;
  /** Cheap (microseconds, synchronous, no daemon): it is read around each call. */
  meter(): MeterReading;
  /**
   * Memory in use now, in bytes, for the idle budget. Null when it cannot be told. Never asked on the invocation path.
   */
  currentBytes(): number | null;
  /**
   * How many processes of the box the kernel has killed for memory. Synchronous; read after a call whose peak reached
   * the limit. Any such kill retires the sandbox. Absent when the kernel does not tell.
   */
  oomKills?(): number;
  /**
   * The limit the kernel kills at, in MiB, when it is above the spec's memoryMib. Absent or null when it is unknown.
   */
  readonly memoryLimitMib?: number | null;
  /** Starts a new peak. Returns false when the kernel cannot: peaks then cover the box's whole life. */
  resetPeak(): boolean;
  /** Used only where `capabilities.pause` is true; synchronous cgroup writes. */
  freeze?(): void;
  thaw?(): void;
  /** Kills everything in the box now, without the daemon; safe to repeat and on a frozen box. */
  kill(): void;
  /** Kills and removes every trace; safe to repeat; rejects with a SandboxError if something is left, and may be tried again. */
  destroy(signal: AbortSignal): Promise<void>;
}
