import { readFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listDirectories } from '../kernel-file.ts';
import { pause } from '../pause.ts';

/** Docker makes one child in our group. A deeper nesting than this is made by nobody we know. */
const DEPTH_MAX = 6;
/** A group empties within a few milliseconds of a kill. */
const RETRY_MS = 4;
/** Rounds of kill. Forks are barred first, so a second round finds only what slipped in before that. */
const KILL_ROUNDS_MAX = 16;

/** The directory and everything below it, children before parents. */
export function descendants(directory: string, depth = 0): string[] {
  if (depth > DEPTH_MAX) return [directory];
  const children = listDirectories(directory).flatMap((name) => descendants(join(directory, name), depth + 1));
  return [...children, directory];
}

export function pidsOf(directories: string[]): number[] {
  const pids: number[] = [];
  for (const directory of directories) {
    try {
      for (const line of readFileSync(join(directory, 'cgroup.procs'), 'latin1').split('\n')) {
        if (line !== '') pids.push(Number(line));
      }
    } catch {
      // The group is gone, so nothing lives in it.
    }
  }
  return pids;
}

/** Sends SIGKILL to every process in the directories until no new process shows up; bounded. */
export function killAllIn(roots: string[]): void {
  const signalled = new Set<number>();
  for (let round = 0; round < KILL_ROUNDS_MAX; round++) {
    let found = false;
    for (const pid of pidsOf(roots.flatMap((root) => descendants(root)))) {
      if (pid <= 0 || signalled.has(pid)) continue;
      signalled.add(pid);
      found = true;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process ended by itself.
      }
    }
    if (!found) return;
  }
}

/** Removes a group and its children. Waits until the last process is gone, or the signal aborts. */
export async function removeCgroupTree(root: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    let busy: unknown = null;
    for (const directory of descendants(root)) {
      try {
        await rmdir(directory);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') busy = error;
      }
    }
    if (busy === null) return;
    if (signal.aborted) throw new Error('cgroup is still busy', { cause: busy });
    await pause(RETRY_MS, signal);
  }
}
