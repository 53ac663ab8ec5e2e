import {
  allowedNames,
  DENIED,
  DENIED_FLAGS,
  ENOSYS,
  EPERM,
  NOT_IMPLEMENTED,
  SOCKET_CALLS,
  SOCKET_FAMILIES,
  SOCKET_FAMILIES_END,
} from './profile.ts';

/** The shape Docker takes in `HostConfig.SecurityOpt: ["seccomp=<json>"]`. */
export interface DockerSeccompProfile {
  defaultAction: string;
  defaultErrnoRet: number;
  archMap: { architecture: string; subArchitectures: string[] }[];
  syscalls: DockerSeccompRule[];
}

export interface DockerSeccompRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo: number; op: string }[];
}

/**
 * Our profile for Docker. Engines before 23 know no `defaultErrnoRet`; runc then answers ENOSYS itself for calls newer
 * than any named here.
 */
export function dockerSeccompProfile(): DockerSeccompProfile {
  const allow = 'SCMP_ACT_ALLOW';
  const errno = 'SCMP_ACT_ERRNO';
  const families = Array.from({ length: SOCKET_FAMILIES_END }, (_, family) => family);
  return {
    defaultAction: errno,
    defaultErrnoRet: ENOSYS,
    archMap: [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
    ],
    syscalls: [
      { names: allowedNames(), action: allow },
      // One rule per bit and per family: several conditions in one rule would all have to hold.
      ...DENIED_FLAGS.flatMap(({ name, argument, flags }) => [
        { names: [name], action: allow, args: [masked(argument, flags, 0)] },
        ...bitsOf(flags).map((bit) => ({
          ...{ names: [name], action: errno, errnoRet: EPERM },
          args: [masked(argument, bit, bit)],
        })),
      ]),
      ...families.map((value) => ({
        names: [...SOCKET_CALLS],
        ...(SOCKET_FAMILIES.includes(value) ? { action: allow } : { action: errno, errnoRet: EPERM }),
        args: [{ index: 0, value, valueTwo: 0, op: 'SCMP_CMP_EQ' }],
      })),
      { names: [...DENIED], action: errno, errnoRet: EPERM },
      { names: [...NOT_IMPLEMENTED], action: errno, errnoRet: ENOSYS },
    ],
  };
}

/** Holds when the bits of the mask in that argument equal `value`. */
function masked(index: number, mask: number, value: number) {
  return { index, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
}

function bitsOf(flags: number): number[] {
  return Array.from({ length: 32 }, (_, at) => (1 << at) >>> 0).filter((bit) => (flags & bit) !== 0);
}
