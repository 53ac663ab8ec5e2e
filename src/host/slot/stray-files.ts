import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeHostile } from './remove-hostile.ts';

const SHARED_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm'];

/**
 * Deletes what a sandbox uid left in the folders everybody may write, so that the next sandbox with that uid does not own
 * it. For sandboxes that see the host's files. Best effort, in the background of the sandbox's end.
 */
export async function removeFilesOf(uid: number): Promise<void> {
  for (const folder of SHARED_FOLDERS) {
    for (const name of await readdir(folder).catch(() => [] as string[])) {
      const path = join(folder, name);
      const owner = await lstat(path).catch(() => null);
      if (owner?.uid === uid) await removeHostile(path).catch(() => undefined);
    }
  }
}
