import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { FirecrackerVmm } from '../../microvm/firecracker/firecracker-vmm.ts';
import type { Command } from '../command.ts';
import { GUEST_OPTIONS, setUpGuest } from './guest.ts';

/** Away from those of servers, which may run on this host. */
const PROBE_UID = 650_100;

export const setupFirecracker: Command = {
  words: ['setup', 'firecracker'],
  summary: 'Make the kernel and root file system of microVMs and boot one under Firecracker',
  options: [
    { name: '--binary <file>', meaning: 'the Firecracker program; default: COLDFRAME_FIRECRACKER, else the PATH' },
    { name: '--jailer <file>', meaning: 'its jailer; default: COLDFRAME_JAILER, else the PATH' },
    ...GUEST_OPTIONS,
  ],
  examples: [
    'coldframe setup firecracker',
    'coldframe setup firecracker --binary /opt/firecracker --rootfs ./debian.tar',
  ],
  run: (context, _args, options) => {
    const path = (name: string): string | null => (typeof options[name] === 'string' ? resolve(options[name]) : null);
    const vmm = new FirecrackerVmm({
      binaryPath: path('binary') ?? context.config.firecracker,
      jailerPath: path('jailer') ?? context.config.jailer,
      runDir: tmpdir(),
      probeUid: process.getuid?.() === 0 ? PROBE_UID : null,
      slowness: context.config.firecrackerSlowness,
    });
    return setUpGuest(context, options, vmm);
  },
};
