import { readFile } from 'node:fs/promises';
import { runTool } from '../run-tool.ts';

/** Kinds of System V objects, with ipcrm's letter for each; columns of /proc/sysvipc: key, id, ..., uid. */
const KINDS = { shm: '-m', sem: '-s', msg: '-q' } as const;
/** More in one go would not fit a command line; the kernel allows a uid several thousand. */
const BATCH_MAX = 500;

/**
 * Removes the System V shared memory, semaphores and queues of a sandbox uid: they outlive its processes, and the next
 * sandbox with that uid would own them. For sandboxes in the host's IPC namespace. Best effort, as `removeFilesOf` is.
 */
export async function removeIpcOf(uid: number, signal: AbortSignal): Promise<void> {
  for (const [kind, letter] of Object.entries(KINDS)) {
    const ids = idsOf(uid, await readFile(`/proc/sysvipc/${kind}`, 'utf8').catch(() => ''));
    for (let at = 0; at < ids.length; at += BATCH_MAX) {
      const args = ids.slice(at, at + BATCH_MAX).flatMap((id) => [letter, id]);
      await runTool('ipcrm', args, signal);
    }
  }
}

/** Pure: of the kernel's table, the ids whose owner or creator is `uid`; ownership can be given away, creation cannot. */
export function idsOf(uid: number, table: string): string[] {
  const [head = '', ...rows] = table.trim().split('\n');
  const names = head.trim().split(/\s+/);
  const idAt = names.findIndex((name) => name.endsWith('id') && name !== 'uid' && name !== 'gid');
  const owners = ['uid', 'cuid'].map((name) => names.indexOf(name));
  if (idAt < 0 || owners.includes(-1)) return [];
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((cells) => owners.some((at) => cells[at] === String(uid)))
    .map((cells) => cells[idAt] ?? '');
}
