import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Deletes a directory that a sandbox could write into. A server that is not root shares the sandbox's uid and is kept out by
 * directories without permissions, so those are opened and the deletion tried once more.
 */
export async function removeHostile(directory: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3, retryDelay: 20 };
  try {
    await rm(directory, options);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await openDirectories(directory);
    await rm(directory, options);
  }
}

async function openDirectories(directory: string): Promise<void> {
  await chmod(directory, 0o700).catch(() => undefined);
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await openDirectories(join(directory, entry.name));
  }
}
