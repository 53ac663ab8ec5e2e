import {
  allowedNames,
  DENIED,
  ENOSYS,
  EPERM,
  NEW_NAMESPACE_FLAGS,
  NOT_IMPLEMENTED,
  SOCKET_FAMILIES,
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
  const noNamespaces = { index: 0, value: NEW_NAMESPACE_FLAGS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' };
  return {
    defaultAction: errno,
    defaultErrnoRet: ENOSYS,
    archMap: [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
    ],
    syscalls: [
      { names: allowedNames(), action: allow },
      { names: ['clone'], action: allow, args: [noNamespaces] },
      // One rule each: several conditions on one argument would all have to hold.
      ...SOCKET_FAMILIES.map((value) => ({
        names: ['socket'],
        action: allow,
        args: [{ index: 0, value, valueTwo: 0, op: 'SCMP_CMP_EQ' }],
      })),
      { names: [...DENIED], action: errno, errnoRet: EPERM },
      { names: [...NOT_IMPLEMENTED], action: errno, errnoRet: ENOSYS },
    ],
  };
}
