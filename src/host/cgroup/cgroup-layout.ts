import { readFileSync } from 'node:fs';

export const V1_CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'pids', 'freezer'] as const;
export type V1Controller = (typeof V1_CONTROLLERS)[number];

/** Where the hierarchies are mounted. `prefix` (v2) is the path from the root to `base`, the directory we may use. */
export type CgroupLayout =
  | { version: 1; controllers: Partial<Record<V1Controller, string>> }
  | { version: 2; base: string; prefix: string };

/** Reads which hierarchies this process sees. Hybrid hosts (v1 controllers beside an empty v2) count as v1. */
export function findCgroupLayout(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupLayout {
  const controllers: Partial<Record<V1Controller, string>> = {};
  let unified: string | null = null;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const mountPoint = before.split(' ')[4];
    const [type, , options = ''] = after.split(' ');
    if (mountPoint === undefined) continue;
    if (type === 'cgroup2') unified ??= mountPoint;
    if (type !== 'cgroup') continue;
    for (const controller of V1_CONTROLLERS) {
      if (options.split(',').includes(controller)) controllers[controller] ??= mountPoint;
    }
  }
  if (unified !== null && controllers.memory === undefined && controllers.cpu === undefined) {
    return { version: 2, base: unified, prefix: '' };
  }
  return { version: 1, controllers };
}
