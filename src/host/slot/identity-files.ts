import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HOSTS_TEXT, usersOf } from '../runtimes/root-contents.ts';

/** Host paths of files that say who and where a sandbox is, for binding into its /etc. */
export interface IdentityFiles {
  passwd: string;
  group: string;
  hosts: string;
}

/**
 * Writes them into a slot, once, before its sandbox starts: one user, since a file with all uids that may ever be given would be read
 * through at each look-up. A sandbox's own files, so that it shares no inode with another.
 */
export async function writeIdentity(slotDir: string, uid: number): Promise<IdentityFiles> {
  const folder = join(slotDir, 'etc');
  await mkdir(folder, { mode: 0o755 });
  const { passwd, group } = usersOf(uid);
  const texts = { passwd, group, hosts: HOSTS_TEXT };
  const files = { passwd: join(folder, 'passwd'), group: join(folder, 'group'), hosts: join(folder, 'hosts') };
  await Promise.all(Object.entries(files).map(([name, path]) => write(path, texts[name as keyof typeof texts])));
  return files;
}

/** Readable for all, whatever the server's umask. */
async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o644);
}
