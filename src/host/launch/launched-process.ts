import type { ChildProcess } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import type { BoxExit } from '../../contract/driver.ts';
import type { SandboxCgroup } from '../cgroup/sandbox-cgroup.ts';
import { pause } from '../pause.ts';
import { firstChildOf, isRunning, type PinnedProcess } from './pinned-process.ts';
import { pidsOfUid } from './uid-pool.ts';

/** A killed group is empty within milliseconds; longer means a process stuck in the kernel, which `destroy` will report. */
const EMPTY_WAIT_MS = 2_000;
const EMPTY_POLL_MS = 2;

/** Descriptor of the first of a program's sockets to the server, as it sees them. */
export const CONNECTION_FD = 5;

export interface LaunchedProcessOptions {
  child: ChildProcess;
  cgroup: SandboxCgroup | null;
  uid: number | null;
  readExit: (exit: BoxExit) => BoxExit;
}

/**
 * A running sandbox process with everything it has started. When the first process ends, for whatever reason, the rest is
 * killed, and only then `exited` resolves. How the rest is found: by cgroup, else by uid, else by process group (which a
 * child may leave: receipts then say what is not enforced) and by the first process of its PID namespace, if it has one.
 */
export class LaunchedProcess {
  readonly exited: Promise<BoxExit>;
  readonly #child: ChildProcess;
  readonly #cgroup: SandboxCgroup | null;
  readonly #uid: number | null;
  /** Looked for only where neither a cgroup nor a uid tells what belongs to it. Null when there is none, or it was not looked for yet. */
  #inside: PinnedProcess | null = null;
  #killed = false;
  #gone = false;

  constructor({ child, cgroup, uid, readExit }: LaunchedProcessOptions) {
    this.#child = child;
    this.#cgroup = cgroup;
    this.#uid = uid;
    this.exited = new Promise((resolve) => {
      child.once('error', () => this.#settle({ cause: 'lost', exitCode: null, signal: null }).then(resolve));
      child.once('exit', (exitCode, signal) => {
        const exit: BoxExit = { cause: signal === null ? 'exit' : 'signal', exitCode, signal };
        this.#settle(readExit(exit)).then(resolve);
      });
    });
  }

  /** Null when the program could not even be started. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /**
   * It works now, so what it has started first is there: of bwrap and of `unshare` that is the first process of a PID namespace, which is
   * gone only when the kernel has ended all others in it.
   */
  connected(): void {
    const { pid } = this.#child;
    if (this.#cgroup === null && this.#uid === null && pid !== undefined) this.#inside ??= firstChildOf(pid);
  }

  /** What it prints, when it was launched without FIFOs. Somebody must read it, else its next write waits. */
  get output(): Readable | null {
    return this.#child.stdout;
  }

  /** Our ends of the sockets it was launched with. */
  get connections(): Duplex[] {
    return this.#child.stdio.slice(CONNECTION_FD) as unknown as Duplex[];
  }

  /** Sends SIGKILL to all of it; synchronous, safe to repeat. */
  kill(): void {
    if (this.#gone) return;
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.connected();
    this.#killed = true;
    this.#signalAll();
  }

  async #settle(exit: BoxExit): Promise<BoxExit> {
    const oom = (this.#cgroup?.oomKills() ?? 0) > 0;
    if (this.#child.pid !== undefined) killOne(-this.#child.pid);
    this.#signalAll();
    const deadline = AbortSignal.timeout(EMPTY_WAIT_MS);
    while (!this.#isEmpty() && !deadline.aborted) {
      await pause(EMPTY_POLL_MS, deadline).catch(() => undefined);
      this.#signalAll();
    }
    this.#gone = true;
    if (oom) return { ...exit, cause: 'oom' };
    return this.#killed ? { ...exit, cause: 'destroyed' } : exit;
  }

  #signalAll(): void {
    this.#cgroup?.kill();
    if (this.#cgroup === null && this.#uid !== null) for (const pid of pidsOfUid(this.#uid)) killOne(pid);
    if (this.#inside !== null && isRunning(this.#inside)) killOne(this.#inside.pid);
    // Once the leader was reaped, its number may belong to somebody else.
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      killOne(-this.#child.pid);
    }
  }

  #isEmpty(): boolean {
    if (this.#cgroup !== null) return this.#cgroup.isEmpty();
    if (this.#uid !== null) return pidsOfUid(this.#uid).length === 0;
    return this.#inside === null || !isRunning(this.#inside);
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process ended by itself.
  }
}
