import { lstatSync, realpathSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ViewPlan, viewTable } from './view-table.ts';

/** Folders that everybody may write. A sandbox gets its own ones in their place. */
const TEMPS = ['/tmp', '/var/tmp'];
const SHARED_DEVICES = ['/dev/shm', '/dev/mqueue'];
/** Folders that everybody may also write, and that are of no use to a function. */
const LOCKS = '/run/lock';
/** Sockets of the user's own session, of Docker, and of other programs here. */
const RUN = '/run';

/** How a launched program sees the host's files and processes. Made by `makeOwnView`. */
export interface OwnView {
  /** Path of the table that is mounted before the program starts. */
  tablePath: string;
  /**
   * `root`: the server is root, and the sandbox has a uid that may write nowhere else. `user`: both are the same user,
   * so the rest of the host is read-only, and processes outside do not exist for the sandbox.
   */
  by: 'root' | 'user';
}

export interface OwnViewOptions {
  by: OwnView['by'];
  /** The sandbox's own slot; nobody else writes there. */
  slotDir: string;
  /** The server's own folders. With `by: user` they do not exist inside. */
  serverDirs: string[];
  /** What the sandbox must see, wherever it lies. */
  keeps: string[];
  diskMib: number;
}

/** Writes the table of a sandbox's own mounts, and the folders they are put together in, into its slot. */
export async function makeOwnView(options: OwnViewOptions): Promise<OwnView> {
  const { by, slotDir } = options;
  const stageDir = join(slotDir, 'view');
  const { stages, table } = viewTable({ ...planOf(options), stageDir });
  await mkdir(stageDir, { mode: 0o711 });
  await chmod(stageDir, 0o711);
  for (const stage of stages) await mkdir(stage, { mode: 0o755 });
  const tablePath = join(slotDir, 'view.fstab');
  await writeFile(tablePath, table, { mode: 0o600 });
  return { tablePath, by };
}

function planOf({ by, serverDirs, keeps, diskMib }: OwnViewOptions): Omit<ViewPlan, 'stageDir'> {
  const voids = by === 'root' ? [LOCKS] : [RUN, ...home(), ...serverDirs];
  return {
    temps: TEMPS.filter(isFolder),
    voids: voids.filter((folder) => folder !== '/' && isFolder(folder)),
    sharedDevices: SHARED_DEVICES.filter(isFolder),
    keeps: by === 'root' ? keeps : [...keeps, ...resolverFolder()],
    diskMib,
    hasOwnProcesses: by === 'user',
  };
}

/** Empty for a user whom this host does not know. */
function home(): string[] {
  try {
    return [homedir()];
  } catch {
    return [];
  }
}

/** A host's resolv.conf is often a link into /run. */
function resolverFolder(): string[] {
  try {
    const folder = dirname(realpathSync('/etc/resolv.conf'));
    return folder.startsWith(`${RUN}/`) ? [folder] : [];
  } catch {
    return [];
  }
}

/** A link to a folder is left alone: its target belongs to somebody else. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
