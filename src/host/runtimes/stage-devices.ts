import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool, TOOL_DEADLINE_MS } from '../run-tool.ts';

/** Devices that every sandbox has, with major and minor number of the Linux kernel. */
const DEVICES = {
  null: ['1', '3'],
  zero: ['1', '5'],
  full: ['1', '7'],
  random: ['1', '8'],
  urandom: ['1', '9'],
  tty: ['5', '0'],
};

/**
 * Makes device nodes in `<root>/dev`. The host's own nodes would work, but they are files too, and all sandboxes would
 * share them. Where nodes may not be made (no root, a container without the right) this makes none, and the host's are
 * used.
 */
export async function stageDevices(root: string, signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
  for (const [name, numbers] of Object.entries(DEVICES))
    await runTool('mknod', ['-m', '666', join(root, 'dev', name), 'c', ...numbers], limit);
  // A root that is kept must not lack them for want of time.
  signal.throwIfAborted();
}

/** Names of the device nodes in `<root>/dev`. */
export async function devicesIn(root: string): Promise<string[]> {
  const names = await readdir(join(root, 'dev'));
  const all = await Promise.all(names.map(async (name) => ({ name, status: await lstat(join(root, 'dev', name)) })));
  return all.filter(({ status }) => status.isCharacterDevice()).map(({ name }) => name);
}
