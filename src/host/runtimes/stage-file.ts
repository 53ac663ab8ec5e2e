import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Changes whenever one of the files changes, or a file below one of the folders (by path, size and time). */
export async function fingerprint(paths: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [...paths].sort()) {
    const status = await stat(path);
    if (status.isDirectory()) {
      const names = (await readdir(path)).filter((name) => name !== '__pycache__');
      hash.update(await fingerprint(names.map((name) => join(path, name))));
    } else hash.update(`${path}\0${status.size}\0${status.mtimeMs}\0`);
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * Makes the file readable at `target` for everybody. It makes a link where the file system and the file's mode allow
 * one, else a copy. An existing target is kept: two names of one library lead to the same file.
 */
export async function stageFile(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const real = await realpath(source);
  const { mode } = await stat(real);
  try {
    if ((mode & 0o004) !== 0 && (mode & 0o6022) === 0) return await link(real, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // The source is on another device, or links to files of others are barred: copy it.
  }
  await copyFile(real, target, constants.COPYFILE_FICLONE);
  await chmod(target, 0o444 | (mode & 0o111));
}

/** A copy of a folder of plain files, readable for everybody; never links, since a working tree is edited in place. */
export async function stageFolder(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await chmod(target, 0o755);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    if (entry.name === '__pycache__') continue;
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) await stageFolder(from, to);
    else if (entry.isFile()) {
      await copyFile(from, to);
      await chmod(to, 0o644);
    }
  }
}

/** Gives everybody access to what we made ourselves, whatever the server's umask; links keep the mode they came with. */
export async function openToAll(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile() && ((await stat(path)).mode & 0o004) === 0) await chmod(path, 0o644);
  }
}
