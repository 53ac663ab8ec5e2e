import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SandboxSpec } from '../../../contract/driver.ts';
import { languageRow, type RuntimeId } from '../../../domain/runtimes.ts';
import type { EgressLink } from '../../../host/egress/egress-link.ts';
import { resolvConfText } from '../../../host/egress/egress-network.ts';
import { bootEnvironment } from '../../../host/launch/boot-environment.ts';
import { INSIDE } from '../../../host/launch/inside.ts';
import type { GuestNetwork, HostMessage } from '../../../microvm/guest-protocol.ts';
import type { VmmCapabilities } from '../../../microvm/vmm.ts';

/** Memory that a guest's kernel, its agent and the page cache of the runtime need besides the function, as measured. */
const GUEST_OVERHEAD_MIB = 112;
/** The kernel's tables over all of a guest's memory. */
const PAGE_TABLE_SHARE = 1 / 48;

/** For every monitor. A panic or a failed init ends the machine instead of leaving it to hang. */
export const KERNEL_ARGUMENTS = 'panic=-1 reboot=t tsc=nowatchdog';

/**
 * The MAC of every card as the monitor makes it, so that all machines of a snapshot are alike. No frame ever carries
 * it.
 */
export const CARD_MAC = '02:cf:00:00:00:00';

/** The guest's memory: the function's own limit, its temp file system, and what the guest needs for itself. */
export function guestMemoryMib(spec: Pick<SandboxSpec, 'memoryMib' | 'diskMib'>): number {
  const used = spec.memoryMib + spec.diskMib;
  return used + GUEST_OVERHEAD_MIB + Math.ceil(used * PAGE_TABLE_SHARE);
}

/** For the monitor's cgroup. */
export function monitorLimits(
  spec: SandboxSpec,
  vmm: VmmCapabilities,
): { memoryMib: number; cpus: number; pidsMax: number } {
  return {
    memoryMib: guestMemoryMib(spec) + vmm.overheadMib,
    cpus: spec.cpus,
    pidsMax: processors(spec) + vmm.threads,
  };
}

/** A machine has whole processors. Its cgroup enforces the share of them that a function has. */
export function processors({ cpus }: Pick<SandboxSpec, 'cpus'>): number {
  return Math.max(1, Math.ceil(cpus));
}

/** What a function of `memoryMib` costs the host beyond that, without its disk. */
export function overheadMib(vmm: VmmCapabilities): number {
  return GUEST_OVERHEAD_MIB + vmm.overheadMib;
}

/** Sandboxes with the same key are restored from one snapshot. Null when the sandbox must be booted. */
export function kindOf(spec: SandboxSpec): string | null {
  if (Object.keys(spec.bootEnv).length > 0) return null;
  return [spec.runtime, spec.memoryMib, processors(spec), spec.pidsMax, spec.diskMib, spec.network].join('/');
}

/** What the agent is told of a machine's network when it begins. */
export function guestNetworkOf({ address, gateway, dns }: EgressLink): GuestNetwork {
  return { address, gateway, mac: macOf(address), resolvConf: resolvConfText(dns) };
}

/** A locally administered MAC. It differs from others as the address does. */
export function macOf(address: string): string {
  const bytes = [0x02, 0xcf, ...address.split('.').map(Number)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** What the agent is told at boot. */
export function bootMessage(
  spec: SandboxSpec,
  options: { token: string; settle: boolean },
): Omit<HostMessage & { op: 'boot' }, 'op'> {
  const place = { channel: INSIDE.socket, token: options.token, tempDir: '/tmp', shimsDir: INSIDE.runtime };
  return {
    command: shimCommand(spec.runtime),
    env: {
      ...bootEnvironment(spec, { ...place, path: '/usr/local/bin:/usr/bin:/bin' }),
      // The shim will go on in many machines, so it must seed again what it seeded before.
      ...(options.settle ? { COLDFRAME_CLONE: '1' } : {}),
    },
    memoryMib: spec.memoryMib + spec.diskMib,
    heapMib: spec.memoryMib,
    diskMib: spec.diskMib,
    pidsMax: spec.pidsMax,
    settle: options.settle,
    code: spec.code !== undefined,
  };
}

export function newToken(): string {
  return randomBytes(16).toString('hex');
}

function shimCommand(runtime: RuntimeId): string[] {
  const { guestProgram, bootstrap } = languageRow(runtime);
  return [guestProgram, join(INSIDE.runtime, bootstrap)];
}
