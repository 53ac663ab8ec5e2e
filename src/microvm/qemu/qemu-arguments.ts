import { FILE_FD } from '../../host/launch/launch.ts';
import { CONNECTION_FD } from '../../host/launch/launched-process.ts';
import type { Machine } from '../vmm.ts';

/** Sockets between QEMU and the server, in the order of their descriptors. */
export const CONNECTIONS = ['control', 'channel', 'stdout', 'stderr', 'qmp', 'console'] as const;
/** Cache for translated guest code; larger than a Node guest ever fills. */
export const TRANSLATION_MIB = 64;
/** Names of the code drive's nodes: `code` stays, what lies below it is replaced. */
export const CODE_NODE = 'code';

/**
 * A small machine: no display, no USB, no SATA, no keyboard, no firmware tables for anything but what is listed. q35 rather
 * than `microvm`: docs/decisions/0025. The clock of a guest stands at a time long gone until the agent is given the real one,
 * so that generators which reseed by the clock (OpenSSL's) do so in every clone of a snapshot.
 */
export function qemuArguments(machine: Machine, options: { isIncoming: boolean }): string[] {
  const kernelArguments = ['console=ttyS0', 'quiet', machine.kernelArguments].join(' ');
  return [
    ...['-name', `guest=${machine.id}`],
    ...['-machine', 'q35,sata=off,smbus=off,usb=off,vmport=off,graphics=off,i8042=off'],
    ...['-accel', `tcg,thread=${machine.cpus > 1 ? 'multi' : 'single'},tb-size=${TRANSLATION_MIB}`, '-cpu', 'max'],
    ...['-smp', String(machine.cpus), '-m', `${machine.memoryMib}M`],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-kernel', machine.kernelPath, '-append', kernelArguments],
    ...(machine.initramfsPath === null ? [] : ['-initrd', machine.initramfsPath]),
    ...CONNECTIONS.flatMap((name, index) => ['-chardev', `socket,id=${name},fd=${CONNECTION_FD + index}`]),
    ...['-serial', 'chardev:console', '-mon', 'chardev=qmp,mode=control'],
    ...drive('root', 'root-file', machine.rootfsPath),
    ...drive(CODE_NODE, `${CODE_NODE}-file`, machine.codePath),
    ...['-device', 'virtio-serial-pci'],
    ...(['control', 'channel', 'stdout', 'stderr'] as const).flatMap((port) => [
      '-device',
      `virtserialport,chardev=${port},name=coldframe.${port}`,
    ]),
    ...networkCard(machine),
    ...(options.isIncoming ? ['-incoming', `fd:${FILE_FD}`] : []),
  ];
}

/** No program is run to set up the tap, and no firmware is read for the card. */
function networkCard({ network }: Machine): string[] {
  if (network === null) return [];
  return [
    ...['-netdev', `tap,id=net,ifname=${network.tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net,mac=${network.mac},romfile=`],
  ];
}

/**
 * The options of `blockdev-add` and `-blockdev` for an image that nobody changes. Many machines have it open at once.
 */
export function imageNode(name: string, path: string): Record<string, unknown> {
  return { driver: 'file', 'node-name': name, filename: path, 'read-only': true, locking: 'off' };
}

export function driveNode(name: string, fileNode: string): Record<string, unknown> {
  return { driver: 'raw', 'node-name': name, file: fileNode, 'read-only': true };
}

function drive(name: string, fileNode: string, path: string): string[] {
  return [
    ...['-blockdev', JSON.stringify(imageNode(fileNode, path))],
    ...['-blockdev', JSON.stringify(driveNode(name, fileNode))],
    ...['-device', `virtio-blk-pci,drive=${name}`],
  ];
}
