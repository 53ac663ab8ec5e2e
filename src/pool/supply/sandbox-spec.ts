import { randomBytes } from 'node:crypto';
import type { SandboxSpec } from '../../contract/driver.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { SandboxClass } from '../state/sandbox-class.ts';

/** A new sandbox of the class, with an id of its own. */
export function sandboxSpec(sandboxClass: SandboxClass, labels: SandboxSpec['labels']): SandboxSpec {
  const { runtime, memoryMib, cpus, diskMib, network, bootEnv } = sandboxClass;
  return {
    // Short, because it is part of a socket path of at most 108 bytes.
    id: randomBytes(8).toString('hex'),
    runtime,
    memoryMib,
    cpus,
    diskMib,
    network,
    bootEnv,
    pidsMax: LIMITS.pidsMax,
    labels,
    from: { kind: 'image' },
  };
}
