import { access, constants, stat } from 'node:fs/promises';

const KVM_DEVICE = '/dev/kvm';
const GROUP_READ_WRITE = 0o060;
const OTHERS_READ_WRITE = 0o006;

/**
 * Whether a monitor may open the KVM device, and with which supplementary groups. Whether the device works is another
 * question.
 */
export type KvmAccess =
  | { state: 'open'; groups: number[] }
  | { state: 'absent' | 'no_permission'; detail: string; fix: string };

/** `mode` and `gid` of the device, null when there is no device. `hasOwnUid`: the monitor runs as a uid of its own. */
export function kvmAccess(
  device: { mode: number; gid: number } | null,
  who: { hasOwnUid: boolean; isJailed: boolean; canOpen: boolean },
): KvmAccess {
  if (device === null) {
    const fix =
      'enable virtualization in the firmware (or nested virtualization for this machine) and load kvm-intel or kvm-amd';
    return { state: 'absent', detail: 'There is no /dev/kvm on this host.', fix };
  }
  // The jailer makes a device node that belongs to the sandbox.
  if (who.isJailed) return { state: 'open', groups: [] };
  if (!who.hasOwnUid) {
    if (who.canOpen) return { state: 'open', groups: [] };
    const detail = 'The server’s user may not open /dev/kvm.';
    return { state: 'no_permission', detail, fix: 'add the server’s user to the group kvm and start it again' };
  }
  if ((device.mode & OTHERS_READ_WRITE) === OTHERS_READ_WRITE) return { state: 'open', groups: [] };
  if ((device.mode & GROUP_READ_WRITE) === GROUP_READ_WRITE && device.gid !== 0) {
    return { state: 'open', groups: [device.gid] };
  }
  const detail = '/dev/kvm is open to root alone, and Firecracker does not run as root here.';
  return {
    state: 'no_permission',
    detail,
    fix: 'chgrp kvm /dev/kvm && chmod 660 /dev/kvm, or install Firecracker’s jailer',
  };
}

export async function findKvmAccess(who: { hasOwnUid: boolean; isJailed: boolean }): Promise<KvmAccess> {
  const device = await stat(KVM_DEVICE).catch(() => null);
  const canOpen = await access(KVM_DEVICE, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return kvmAccess(device, { ...who, canOpen });
}
