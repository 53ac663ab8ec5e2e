import { join } from 'node:path';
import { mountLine, terminalOptions } from '../slot/own-mounts.ts';

/** Files a temp file system may hold per MiB; each costs kernel memory even when empty. */
const FILES_PER_MIB = 128;
/** What /dev/shm may hold, as in bubblewrap's sandboxes. */
const SHM_MAX_MIB = 64;
/** Options of a folder that becomes empty. It holds mount points for what is bound back, and nothing else. */
const VOID_OPTIONS = 'mode=0755,size=1m,nr_inodes=1024';
/**
 * A line of the table is left out when the same source is already mounted at that place. No host names a source like
 * this.
 */
const SOURCE = 'coldframe';

export interface ViewPlan {
  /** Folders of the host that become the sandbox's own. One bounded temp file system is shown at each of them. */
  temps: string[];
  /** Folders that become empty and cannot be written. */
  voids: string[];
  /** Those of /dev/shm and /dev/mqueue that the host has. */
  sharedDevices: string[];
  /** What stays where it is, even when it lies below one of the other folders. */
  keeps: string[];
  /** A folder of the server's own, in which `stages` are made. */
  stageDir: string;
  diskMib: number;
  /** True when it has a PID namespace of its own, so that /proc must be mounted anew. */
  hasOwnProcesses: boolean;
}

export interface ViewTable {
  /** Empty folders to be made first. What is mounted on them is seen in the sandbox's namespace alone. */
  stages: string[];
  /** In the form of fstab(5), in order. */
  table: string;
}

/**
 * Pure: what is mounted in a mount namespace of the sandbox's own. All that the sandbox can write is part of it. It
 * goes with the namespace, and so with the last process: nobody walks it to remove it.
 */
export function viewTable(plan: ViewPlan): ViewTable {
  const { diskMib, keeps, stageDir } = plan;
  const temp = join(stageDir, 'temp');
  const voids = outermost(plan.voids).filter((folder) => !plan.temps.some((other) => isWithin(folder, other)));
  const covers = [
    ...plan.temps.map((folder) => ({ folder, stage: temp, options: 'rbind' })),
    ...voids.map((folder, at) => ({ folder, stage: join(stageDir, `void-${at}`), options: 'rbind,ro' })),
  ];
  const stages = [...new Set(covers.map(({ stage }) => stage))];
  const lines = plan.hasOwnProcesses ? [mountLine(SOURCE, '/proc', 'proc', 'nosuid,nodev,noexec')] : [];
  for (const stage of stages) {
    const options = stage === temp ? `mode=1777,${sized(diskMib)}` : VOID_OPTIONS;
    lines.push(mountLine(SOURCE, stage, 'tmpfs', `nosuid,nodev,${options}`));
  }
  // Done while everything is still visible: what stays is bound into the folders that will cover it.
  for (const keep of outermost(keeps)) {
    const cover = covers.find(({ folder }) => isWithin(keep, folder));
    if (cover === undefined) continue;
    lines.push(mountLine(keep, join(cover.stage, keep.slice(cover.folder.length)), 'none', 'rbind,x-mount.mkdir'));
  }
  // What covers the stages themselves comes last.
  const hidesStages = ({ folder }: { folder: string }) => Number(isWithin(stageDir, folder));
  for (const { folder, stage, options } of covers.sort((a, b) => hidesStages(a) - hidesStages(b)))
    lines.push(mountLine(stage, folder, 'none', options));
  for (const device of plan.sharedDevices) {
    lines.push(mountLine(SOURCE, device, 'tmpfs', `nosuid,nodev,mode=1777,${sized(Math.min(SHM_MAX_MIB, diskMib))}`));
  }
  lines.push(mountLine(SOURCE, '/dev/pts', 'devpts', terminalOptions()));
  return { stages, table: lines.join('') };
}

function sized(sizeMib: number): string {
  return `size=${sizeMib}m,nr_inodes=${sizeMib * FILES_PER_MIB}`;
}

/** Leaves out folders that lie within another of them. */
function outermost(folders: string[]): string[] {
  const distinct = [...new Set(folders)];
  return distinct.filter((folder) => !distinct.some((other) => other !== folder && isWithin(folder, other)));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
