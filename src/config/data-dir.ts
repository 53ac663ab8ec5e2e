import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ColdframeError } from '../errors/coldframe-error.ts';

export interface DataDir {
  path: string;
  /** The folder in the system's temp directory. It goes with the machine, and the console says so. */
  isTemporary: boolean;
}

/**
 * The first usable of: the folder asked for (which must be usable), the platform's data folder for this user, the system
 * temp directory. Created with mode 0700; an existing one must be a real directory of our own. Throws `data_dir_unusable`.
 */
export function openDataDir(asked: string | null, xdgDataHome: string | undefined): DataDir {
  if (asked !== null) {
    const path = resolve(asked);
    const problem = claimDirectory(path);
    if (problem)
      throw new ColdframeError('data_dir_unusable', {
        publicMessage: `The data directory ${path} cannot be used: ${problem}.`,
      });
    return { path, isTemporary: false };
  }
  const [own, temporary] = candidateDataDirs(xdgDataHome);
  if (claimDirectory(own) === null) return { path: own, isTemporary: false };
  if (claimDirectory(temporary) === null) return { path: temporary, isTemporary: true };
  throw new ColdframeError('data_dir_unusable');
}

/** Where a server without COLDFRAME_DATA_DIR keeps its state: the user's own data folder, else the temp directory. */
export function candidateDataDirs(xdgDataHome: string | undefined): [own: string, temporary: string] {
  return [join(platformDataFolder(xdgDataHome), 'coldframe'), join(tmpdir(), `coldframe-data-${userInfo().uid}`)];
}

function platformDataFolder(xdgDataHome: string | undefined): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support');
  return xdgDataHome || join(homedir(), '.local', 'share');
}

/**
 * Whether what lies in a directory may be believed: it is a real one, of this user, and nobody else may enter it. Anybody can make
 * the one in the temp directory first, with an address and a key of their own in it.
 */
export function isOwnPrivateDirectory(path: string): boolean {
  try {
    const stat = lstatSync(path);
    const isOwn = process.getuid === undefined || stat.uid === process.getuid();
    return stat.isDirectory() && isOwn && (stat.mode & 0o077) === 0;
  } catch {
    return false;
  }
}

/** Null when the directory is ours, private and writable; else what is wrong with it. */
function claimDirectory(path: string): string | null {
  try {
    makeDirectories(path);
    const stat = lstatSync(path);
    if (!stat.isDirectory()) return 'it is not a directory';
    if (process.getuid && stat.uid !== process.getuid()) return 'it belongs to another user';
    if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
      ? 'the file system is read-only'
      : `${(error as NodeJS.ErrnoException).code ?? 'it cannot be made'}`;
  }
}

/** Node's own recursive mkdir never returns when a parent refuses with ENOENT although it exists, as /proc does. */
function makeDirectories(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectories(parent);
  mkdirSync(path, { mode: 0o700 });
}
