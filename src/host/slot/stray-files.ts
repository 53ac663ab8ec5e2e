import { removeOwned } from './remove-tree.ts';

/** Folders of a host that everybody may write. */
const SHARED_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm'];

/**
 * Deletes what a sandbox uid left in the folders everybody may write, so that the next sandbox with that uid does not own
 * it. For sandboxes that see the host's own ones. Best effort, in the background of the sandbox's end.
 */
export async function removeFilesOf(uid: number, signal: AbortSignal): Promise<void> {
  for (const folder of SHARED_FOLDERS) await removeOwned(folder, uid, signal).catch(() => undefined);
}
