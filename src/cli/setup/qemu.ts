import { QemuVmm } from '../../microvm/qemu/qemu-vmm.ts';
import type { Command } from '../command.ts';
import { GUEST_OPTIONS, setUpGuest } from './guest.ts';

export const setupQemu: Command = {
  words: ['setup', 'qemu'],
  summary: 'Make the kernel and root file system of microVMs and boot one under QEMU',
  options: GUEST_OPTIONS,
  examples: [
    'coldframe setup qemu',
    'coldframe setup qemu --kernel /boot/vmlinuz-6.1.0 --modules /lib/modules/6.1.0 --rootfs ./debian.tar',
  ],
  run: (context, _args, options) => setUpGuest(context, options, new QemuVmm()),
};
