import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeRef } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { LIMITS } from '../../domain/limits.ts';

export interface PlacementOptions {
  /** True when the sandbox cannot write the package's own inodes. */
  mayLink: boolean;
  signal: AbortSignal;
}

interface Walk extends PlacementOptions {
  link: boolean;
  left: number;
}

/**
 * Links or copies a package tree into an existing empty directory; files end up readable and not writable for the sandbox. A
 * symbolic link is made again as it is: the package store let in none that leaves its package.
 */
export async function placeCode(code: CodeRef, target: string, options: PlacementOptions): Promise<void> {
  const [from, to] = await Promise.all([stat(code.path), stat(target)]);
  const walk: Walk = { ...options, link: options.mayLink && from.dev === to.dev, left: LIMITS.packageFilesMax * 2 };
  await placeDirectory(code.path, target, walk);
}

async function placeDirectory(source: string, target: string, walk: Walk): Promise<void> {
  const entries = await readdir(source, { withFileTypes: true });
  for (const entry of entries) {
    walk.signal.throwIfAborted();
    if (walk.left-- <= 0) throw new SandboxError('sandbox_start_failed', 'package has too many files');
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) {
      await mkdir(to, { recursive: true, mode: 0o755 });
      await chmod(to, 0o755);
      await placeDirectory(from, to, walk);
    } else if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
    else if (entry.isFile()) await placeFile(from, to, walk);
  }
}

async function placeFile(from: string, to: string, walk: Walk): Promise<void> {
  const { mode } = await stat(from);
  if (walk.link && (await linkReadable(from, to, mode))) return;
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await chmod(to, 0o444 | (mode & 0o111));
}

/** Links only files that everybody may read and nobody else may write. Others are copied with fitting permissions. */
async function linkReadable(from: string, to: string, mode: number): Promise<boolean> {
  const wanted = (mode & 0o004) !== 0 && (mode & 0o022) === 0;
  if (!wanted) return false;
  try {
    await link(from, to);
    return true;
  } catch (error) {
    // EMLINK: too many links of that inode; EXDEV and EPERM: another mount or a protected file.
    if (['EMLINK', 'EXDEV', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
