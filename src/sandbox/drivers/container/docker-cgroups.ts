import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { isOlder } from '../../../host/epoch.ts';

/**
 * On a cgroup v1 host the daemon makes the parent we name in every hierarchy (blkio, cpuset, devices, ...) and removes
 * it from none. Ours are only the hierarchies with limits. These functions remove what is empty; a group with a process
 * in it stays.
 */
export function removeDockerParents(parent: string): void {
  for (const { path } of cgroupMounts()) removeEmptyTree(join(path, parent));
}

/** Removes the parents of one instance's older epochs. */
export function reapDockerParents(instance: string, epoch: string): void {
  for (const { path } of cgroupMounts()) {
    const folder = join(path, `coldframe-${instance}`);
    for (const name of directoriesIn(folder)) {
      if (isOlder(name.slice(0, name.indexOf('-')), epoch)) removeEmptyTree(join(folder, name));
    }
  }
}

/** For a graceful stop: the instance's empty folder in the hierarchies that its CgroupTree does not use itself. */
export function removeUnusedFolders(instance: string, used: { version: 1 | 2 | null; controllers: string[] }): void {
  for (const { path, version, controllers } of cgroupMounts()) {
    const isUsed = used.version === version && (version === 2 || controllers.some((c) => used.controllers.includes(c)));
    if (!isUsed) removeQuietly(join(path, `coldframe-${instance}`));
  }
}

function cgroupMounts(): { path: string; version: 1 | 2; controllers: string[] }[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' - '))
    .filter(([, after]) => after?.startsWith('cgroup') ?? false)
    .map(([before = '', after = '']) => ({
      path: before.split(' ')[4]!,
      version: after.startsWith('cgroup2') ? 2 : 1,
      controllers: after.split(' ')[2]?.split(',') ?? [],
    }));
}

/** A container's own group may be left below ours when the daemon died half-way. */
function removeEmptyTree(directory: string): void {
  for (const name of directoriesIn(directory)) removeEmptyTree(join(directory, name));
  removeQuietly(directory);
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function removeQuietly(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Gone already, or still in use and therefore not ours to remove.
  }
}
