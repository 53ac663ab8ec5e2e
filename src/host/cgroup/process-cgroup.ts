import { readFileSync } from 'node:fs';
import { findCgroupLayout } from './cgroup-layout.ts';
import { CgroupV1 } from './cgroup-v1.ts';
import { CgroupV2 } from './cgroup-v2.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';

/**
 * The group a process was put into by somebody else (systemd, for Docker's systemd driver), for metering and killing. Null
 * unless its name carries `mark` (the container's id): a group that is not that container's alone is never touched.
 */
export function cgroupOfProcess(pid: number, mark: string): SandboxCgroup | null {
  const layout = findCgroupLayout();
  const path = pathOf(readMembership(pid), layout.version);
  if (path === null || mark.length < 12 || !path.split('/').at(-1)?.includes(mark)) return null;
  const group = layout.version === 2 ? new CgroupV2(layout, path) : new CgroupV1(layout, path);
  group.open();
  return group;
}

/** Lines are `hierarchy:controllers:path`; on v1 Docker uses one path in all hierarchies. */
function pathOf(membership: string, version: 1 | 2): string | null {
  for (const line of membership.split('\n')) {
    const [, controllers = '', ...path] = line.split(':');
    if (version === 2 ? controllers === '' : controllers.split(',').includes('pids')) return path.join(':');
  }
  return null;
}

function readMembership(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'latin1');
  } catch {
    return '';
  }
}
