import { chmodSync, chownSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, rmdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { CodeRef } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { BENEATH } from '../launch/inside.ts';
import { placeCode } from './code-placement.ts';
import { unmount } from './mounts.ts';
import { makeOutputFifos, openOutputFifo, STDERR_NAME, STDOUT_NAME } from './output-fifo.ts';
import { canBeLower, makeOwnMounts, type OwnMountPoints, ownMountPoints, type SharedTree } from './own-mounts.ts';
import type { PackageMounts } from './package-mounts.ts';
import { removeTree } from './remove-tree.ts';

/**
 * This folder of the package is made in advance: the dynamic linker remembers for good which folders were missing when
 * it first looked.
 */
const LIBRARY = 'lib';
/** Files a temp file system may hold per MiB; each costs kernel memory even when empty. */
const TEMP_FILES_PER_MIB = 128;

/** Who lives in the slot. When `uid` is null, the sandbox runs as the server's own user. */
export interface SlotOwner {
  uid: number | null;
  /**
   * How the sandbox sees its code directory. `path`: by its host path, so nothing but file permissions protects it;
   * `mount`: through a read-only mount of its own, so that even an owner of the files cannot change them.
   */
  view: 'path' | 'mount';
  /** Size in MiB of a temp file system mounted at `tmp/`, where mounts can be made. When absent, none is mounted. */
  tempMib?: number;
  /** The trees of its root file system at `root/`, where overlays can be mounted. When absent, no root is made. */
  root?: SharedTree[];
  /** `beneath`: a mount made at claim shows only below the code directory, so packages are bound there. Default `over`. */
  bindsShow?: 'over' | 'beneath';
}

export interface SlotOptions {
  directory: string;
  owner: SlotOwner;
  packages: PackageMounts | null;
  /** An empty folder where overlays can be mounted. Null when they cannot. */
  emptyDir: string | null;
}

/**
 * The directory of one sandbox on the host: `ch/` (the socket `s`, the FIFOs `out` and `err`) and `code/`, which becomes
 * /var/task. Owned by the server; the sandbox's group may pass through, connect and write output, nobody else may enter.
 */
export class Slot {
  readonly directory: string;
  readonly channelDir: string;
  readonly codeDir: string;
  readonly socketPath: string;
  readonly stdoutPath: string;
  readonly stderrPath: string;
  readonly #owner: SlotOwner;
  readonly #packages: PackageMounts | null;
  readonly #streams: Readable[] = [];
  #server: Server | null = null;
  #connected: Promise<Socket> | null = null;
  #bound: { code: CodeRef; target: string } | null = null;
  #delivered: { sha256: string; below: Promise<string> } | null = null;
  #isEarly = false;
  readonly #emptyDir: string | null;
  #own: OwnMountPoints = { tempDir: null, rootDir: null, terminalsDir: null };

  constructor(options: SlotOptions) {
    this.directory = options.directory;
    this.channelDir = join(this.directory, 'ch');
    this.codeDir = join(this.directory, 'code');
    this.socketPath = join(this.channelDir, 's');
    this.stdoutPath = join(this.channelDir, STDOUT_NAME);
    this.stderrPath = join(this.channelDir, STDERR_NAME);
    this.#owner = options.owner;
    this.#packages = options.packages;
    this.#emptyDir = options.emptyDir;
  }

  /** Makes the directories and FIFOs. `SlotTree.create` calls it. */
  async make(signal: AbortSignal): Promise<void> {
    const gid = this.#owner.uid;
    await mkdir(this.directory, { mode: 0o700 });
    await mkdir(this.channelDir, { mode: 0o700 });
    await mkdir(this.codeDir, { mode: 0o700 });
    for (const path of this.#inAdvance) await mkdir(join(this.codeDir, path), { recursive: true, mode: 0o755 });
    const made = await Promise.allSettled([makeOutputFifos(this.channelDir, gid, signal), this.#mountOwn(signal)]);
    // Both have ended, so that a removal finds everything that they made.
    for (const result of made) if (result.status === 'rejected') throw result.reason;
    if (gid === null) return;
    for (const path of [this.directory, this.channelDir, this.codeDir]) {
      await chown(path, 0, gid);
      await chmod(path, path === this.codeDir ? 0o750 : 0o710);
    }
  }

  /** The sandbox's own temp file system, bounded in bytes and files. Null when it could not be mounted. */
  get tempDir(): string | null {
    return this.#own.tempDir;
  }

  /** The sandbox's own view of its runtime, whole. Null when it could not be mounted. */
  get rootDir(): string | null {
    return this.#own.rootDir;
  }

  /** The sandbox's own terminals. Null when they could not be mounted. */
  get terminalsDir(): string | null {
    return this.#own.terminalsDir;
  }

  /** A directory of the sandbox's own beside `code/`: the temp directory of a sandbox without a mount namespace. */
  async makePrivateDir(name: string): Promise<string> {
    const path = join(this.directory, name);
    await mkdir(path, { mode: 0o700 });
    if (this.#owner.uid !== null) await chown(path, this.#owner.uid, this.#owner.uid);
    return path;
  }

  /** The host's ends of the sandbox's output. Once per slot, before the sandbox starts. */
  openOutput(): { stdout: Readable; stderr: Readable } {
    const stdout = openOutputFifo(this.stdoutPath);
    this.#streams.push(stdout);
    const stderr = openOutputFifo(this.stderrPath);
    this.#streams.push(stderr);
    return { stdout, stderr };
  }

  /** Listens on `ch/s`; exactly one connection will be taken. Resolves when a sandbox could connect. */
  listen(): Promise<void> {
    const server = createServer();
    this.#server = server;
    this.#connected = new Promise((resolve, reject) => {
      server.once('connection', (socket) => {
        server.on('connection', (intruder) => intruder.destroy());
        // Closing also unlinks the path: nobody can connect a second time.
        server.close();
        resolve(socket);
      });
      server.once('close', () =>
        reject(new SandboxError('sandbox_start_failed', 'no connection before the listener closed')),
      );
    });
    // `accept` reports the failure. Without a caller of `accept` there is nobody to tell.
    this.#connected.catch(() => undefined);
    return new Promise((resolve, reject) => {
      server.once('error', (cause) =>
        reject(new SandboxError('sandbox_start_failed', 'cannot listen in slot', { cause })),
      );
      server.listen({ path: this.socketPath, backlog: 1 }, () => {
        if (this.#owner.uid !== null) {
          chownSync(this.socketPath, 0, this.#owner.uid);
          chmodSync(this.socketPath, 0o660);
        }
        resolve();
      });
    });
  }

  /** The one connection; rejects when the signal aborts first. The listener is closed either way. */
  accept(signal: AbortSignal): Promise<Socket> {
    const connected = this.#connected;
    if (connected === null) throw new SandboxError('sandbox_illegal_state', 'accept before listen');
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#server?.close();
        connected.then((socket) => socket.destroy()).catch(() => undefined);
        reject(signal.reason);
      };
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      connected.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /**
   * Makes the package visible in `code/`, read-only. Where mounts can be made a small one is copied and any other bound; else
   * files are hard-linked where they can be and else copied. Resolves with its path below `code/`, mostly empty. One package per
   * slot; again for the same one it only says where it lies. `isEarly`: nothing has started yet. Rejects with SandboxError
   * `sandbox_start_failed`.
   */
  async deliver(code: CodeRef, signal: AbortSignal, isEarly = false): Promise<string> {
    if (this.#delivered === null)
      this.#delivered = { sha256: code.sha256, below: this.#deliver(code, signal, isEarly) };
    else if (!this.#isEarly || this.#delivered.sha256 !== code.sha256)
      throw new SandboxError('sandbox_illegal_state', 'code was delivered into this slot before');
    this.#isEarly = isEarly;
    return await this.#delivered.below;
  }

  async #deliver(code: CodeRef, signal: AbortSignal, isEarly: boolean): Promise<string> {
    try {
      if (this.#packages !== null && (await this.#packages.isWorthBinding(code)))
        return await this.#bind(code, this.#packages, signal, isEarly);
      await this.#clearInAdvance(code);
      await placeCode(code, this.codeDir, { mayLink: this.#mayLink(), signal });
      return '';
    } catch (cause) {
      if (cause instanceof SandboxError) throw cause;
      throw new SandboxError('sandbox_start_failed', 'code could not be delivered', { cause });
    }
  }

  /**
   * Closes the listener and the output at once. Otherwise open handles of a slot that cannot be removed would outlive a
   * stop. Safe to repeat.
   */
  close(): void {
    this.#server?.close();
    for (const stream of this.#streams.splice(0)) stream.destroy();
  }

  /** Closes, unmounts and deletes everything. Safe to repeat; rejects when something is left. */
  async remove(signal: AbortSignal): Promise<void> {
    this.close();
    if (this.#bound !== null) {
      const { code, target } = this.#bound;
      await unmount(target, signal);
      this.#bound = null;
      await this.#packages?.release(code);
    }
    const { rootDir, tempDir, terminalsDir } = this.#own;
    const own = [rootDir, tempDir, terminalsDir].filter((path) => path !== null);
    if (own.length > 0) await unmount(own, signal);
    signal.throwIfAborted();
    await removeTree(this.directory, signal);
  }

  get #inAdvance(): string[] {
    return this.#owner.bindsShow === 'beneath' ? [LIBRARY, join(BENEATH, LIBRARY)] : [LIBRARY];
  }

  /** Takes the folders made in advance away which the package itself has not: it is seen as it is. */
  async #clearInAdvance(code: CodeRef): Promise<void> {
    for (const path of this.#inAdvance.flatMap((each) => (dirname(each) === '.' ? [each] : [each, dirname(each)]))) {
      const own = await lstat(join(code.path, path)).catch(() => null);
      if (!own?.isDirectory()) await rmdir(join(this.codeDir, path));
    }
  }

  async #bind(code: CodeRef, packages: PackageMounts, signal: AbortSignal, isEarly: boolean): Promise<string> {
    const below = this.#owner.bindsShow === 'beneath' && !isEarly ? BENEATH : '';
    const target = join(this.codeDir, below);
    await packages.bindAt(code, target, signal);
    this.#bound = { code, target };
    return below;
  }

  async #mountOwn(signal: AbortSignal): Promise<void> {
    const { uid, tempMib, root } = this.#owner;
    if (uid === null || this.#packages === null) return;
    const hasTemp = tempMib !== undefined;
    const own = {
      temp: hasTemp ? { uid, sizeMib: tempMib, filesMax: tempMib * TEMP_FILES_PER_MIB } : null,
      root: root?.every(({ source }) => canBeLower(source)) && this.#emptyDir !== null ? root : [],
    };
    this.#own = ownMountPoints(this.directory, own);
    const failure = await makeOwnMounts(this.directory, own, this.#emptyDir ?? '', signal);
    if (failure !== null) throw new SandboxError('sandbox_start_failed', `mounts of its own: ${failure}`);
  }

  /** A link is the package's own inode. The sandbox must neither own it nor reach it through a writable path. */
  #mayLink(): boolean {
    return this.#owner.view === 'mount' || this.#owner.uid !== null;
  }
}
