import { constants } from 'node:fs';
import { chown, copyFile, type FileHandle, link, lstat, mkdir, open, rename, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { FILES_MAX } from '../../host/launch/launch.ts';
import { bindReadOnly, unmount } from '../../host/slot/mounts.ts';
import { removeTree } from '../../host/slot/remove-tree.ts';

/** The names by which the monitor sees these files. Snapshots remember them, so they are the same in every cell. */
export const NAMES = { api: 'a', vsock: 'v', rootfs: 'files/rootfs', code: 'files/code' } as const;

/** For what a monitor put in the place of a file; it holds as much as the monitor may write. */
const REMOVE_DEADLINE_MS = 10_000;

export interface CellOptions {
  id: string;
  /** The machine's own directory, which exists already. Everything below it is removed with it. */
  directory: string;
  uid: number | null;
  binaryPath: string;
  /** Null when there is no jail. */
  jailerPath: string | null;
}

/**
 * The directory one monitor lives in and sees by relative names: its sockets, and `files/`, which it may read and not change.
 * Jailed, this is all the monitor can see of the host. Paths of sockets go through the short `<directory>/j`.
 */
export class Cell {
  readonly directory: string;
  readonly command: string[];
  /** The user as which the launched program begins. The jailer needs root, and becomes the machine's uid by itself. */
  readonly launchUid: number | null;
  readonly #options: CellOptions;
  readonly #files: FileHandle;
  readonly #mounts: string[] = [];

  private constructor(options: CellOptions, files: FileHandle) {
    this.#options = options;
    this.#files = files;
    this.directory = join(options.directory, 'j');
    const { id, uid, binaryPath, jailerPath } = options;
    const own = ['--api-sock', NAMES.api, '--level', 'Error'];
    const jail = [
      '--exec-file',
      binaryPath,
      '--uid',
      `${uid}`,
      '--gid',
      `${uid}`,
      '--chroot-base-dir',
      options.directory,
      // The limit stays as it was at launch: the jailer would raise it, which even root may not do everywhere.
      ...['--resource-limit', `no-file=${FILES_MAX}`],
    ];
    this.launchUid = jailerPath === null ? uid : null;
    this.command =
      jailerPath === null ? [binaryPath, '--id', id, ...own] : [jailerPath, '--id', id, ...jail, '--', ...own];
  }

  static async make(options: CellOptions): Promise<Cell> {
    const short = join(options.directory, 'j');
    if (options.jailerPath === null) await mkdir(short, { mode: 0o700 });
    else {
      // Where the jailer will look for it.
      const root = join(basename(options.binaryPath), options.id, 'root');
      await mkdir(join(options.directory, root), { recursive: true, mode: 0o755 });
      await symlink(root, short);
    }
    await mkdir(join(short, 'files'), { mode: 0o755 });
    if (options.uid !== null) await chown(short, options.uid, options.uid);
    // The monitor owns the directory around it: through the open descriptor we never follow what it may put there.
    return new Cell(options, await open(join(short, 'files'), constants.O_DIRECTORY | constants.O_NOFOLLOW));
  }

  get isJailed(): boolean {
    return this.#options.jailerPath !== null;
  }

  /**
   * Shows a file of the host to the monitor before it runs. Returns its path as the monitor sees it. Rejects with a
   * SandboxError.
   */
  async show(hostPath: string, name: string, signal: AbortSignal): Promise<string> {
    const target = this.#host(name);
    if (!this.isJailed) await symlink(hostPath, target);
    else if (!(await linked(hostPath, target))) {
      await (await open(target, 'wx', 0o444)).close();
      const visible = join(this.directory, 'files', name);
      const failure = await bindReadOnly(hostPath, visible, signal);
      if (failure !== null)
        throw new SandboxError('sandbox_start_failed', `${name} cannot be shown in the jail: ${failure}`);
      this.#mounts.push(visible);
    }
    return join('files', name);
  }

  /** The same while the monitor runs. A file that cannot be linked is copied, since a jail sees no later mounts. */
  async showLate(hostPath: string, name: string): Promise<string> {
    const target = this.#host(name);
    if (!this.isJailed) await symlink(hostPath, target);
    else if (!(await linked(hostPath, target))) await copyFile(hostPath, target, constants.COPYFILE_FICLONE);
    return join('files', name);
  }

  /** Takes a file that the monitor has written out of its reach. Returns its size in bytes; rejects with nothing left at `hostPath`. */
  async take(name: string, hostPath: string): Promise<number> {
    const from = join(this.directory, name);
    // This open does not wait for a writer, in case the monitor has put a FIFO there.
    const file = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      // A file with a second name would stay in the monitor's reach. One of another owner is the host's: the monitor had linked it, and may
      // have taken that name away again.
      const isOwn = found.uid === (this.#options.uid ?? process.getuid?.());
      if (!found.isFile() || found.nlink !== 1 || !isOwn)
        throw new SandboxError('sandbox_start_failed', `${name} is no file`);
      await file.chown(process.getuid?.() ?? 0, process.getgid?.() ?? 0);
      await file.chmod(0o444);
      await rename(from, hostPath).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EXDEV') throw error;
        // Through the descriptor, because the name may lead elsewhere by now.
        await copyFile(`/proc/self/fd/${file.fd}`, hostPath, constants.COPYFILE_FICLONE);
      });
      const [taken, after] = await Promise.all([lstat(hostPath), file.stat()]);
      const isReplaced = taken.dev === found.dev && taken.ino !== found.ino;
      if (isReplaced || after.nlink > 1) {
        // What came instead may be a folder of the monitor's, with links in it that it goes on swapping.
        await removeTree(hostPath, AbortSignal.timeout(REMOVE_DEADLINE_MS));
        throw new SandboxError('sandbox_start_failed', `${name} was replaced`);
      }
      return found.size;
    } finally {
      await file.close();
    }
  }

  /** Called once nothing runs in it; safe to repeat. The files themselves go with the machine's directory. */
  async remove(signal: AbortSignal): Promise<void> {
    for (const path of this.#mounts) await unmount(path, signal);
    await this.#files.close();
  }

  #host(name: string): string {
    return `/proc/self/fd/${this.#files.fd}/${name}`;
  }
}

/** False when the file lies on another file system or mount. Links need no mount and cost nothing. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (['EXDEV', 'EPERM', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
