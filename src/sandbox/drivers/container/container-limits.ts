import type { SandboxSpec } from '../../../contract/driver.ts';
import type { SandboxCgroupLimits } from '../../../host/cgroup/sandbox-cgroup.ts';
import type { ContainerKind } from './container-kind.ts';

/** The shell that stays as process 1. */
export const LAUNCHER_PIDS = 1;

/** What the host must grant a sandbox so that it has what its spec says: /tmp and the runtime's own needs come on top. */
export function containerLimits(spec: SandboxSpec, kind: ContainerKind): SandboxCgroupLimits {
  return {
    // /tmp is a tmpfs, and its pages are charged to the sandbox.
    memoryMib: spec.memoryMib + spec.diskMib + kind.memoryOverheadMib,
    // A runtime with a kernel of its own keeps its processes' memory in one file, which nobody outside can tell from
    // /tmp.
    ...(kind.sharesHostKernel ? { heapMib: spec.memoryMib } : {}),
    cpus: spec.cpus,
    pidsMax: (spec.pidsMax + LAUNCHER_PIDS) * kind.hostPidsPerProcess + kind.hostPidsOwn,
  };
}
