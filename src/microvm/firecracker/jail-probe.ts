import { constants, mkdtempSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../../host/run-tool.ts';

const PROBE_DEADLINE_MS = 20_000;
const SAID_MAX_CHARS = 200;

export interface JailProbeOptions {
  jailerPath: string | null;
  binaryPath: string;
  /** A directory on the file system that will hold the jails. */
  directory: string;
  /** One of the sandboxes' uids. Null when the server may not set uids. */
  uid: number | null;
}

/**
 * Null when Firecracker starts in a jail here, by truly starting it; else the reason in words. What may forbid it: no root, a
 * jailer that is absent or of another version, a program that is not static, a file system without devices.
 */
export async function whyNoJail(options: JailProbeOptions, signal: AbortSignal): Promise<string | null> {
  const { jailerPath, binaryPath, uid } = options;
  if (jailerPath === null) return 'its jailer is not installed';
  if (uid === null) return 'the jailer needs root';
  const directory = mkdtempSync(join(options.directory, 'jail-'));
  try {
    if (!(await canUseDevices(join(directory, 'null'), signal)))
      return 'the run directory’s file system takes no devices';
    const jail = ['--id', 'probe', '--exec-file', binaryPath, '--uid', `${uid}`, '--gid', `${uid}`];
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_DEADLINE_MS)]);
    const ran = await runTool(jailerPath, [...jail, '--chroot-base-dir', directory, '--', '--version'], limit);
    if (ran.exitCode === 0 && ran.stdout.includes('Firecracker v')) return null;
    if (ran.exitCode === null) return 'its jailer cannot be run';
    // Its output may name places of this host.
    const said = (ran.stderr || ran.stdout).trim().split('\n').at(-1) ?? '';
    return `the jailer failed: ${said.replaceAll(/\/\S+/g, '...').slice(0, SAID_MAX_CHARS)}`;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Mounts with `nodev`, and file systems of user namespaces, have device nodes that cannot be opened. */
async function canUseDevices(path: string, signal: AbortSignal): Promise<boolean> {
  if ((await runTool('mknod', [path, 'c', '1', '3'], signal)).exitCode !== 0) return false;
  try {
    await (await open(path, constants.O_WRONLY)).close();
    return true;
  } catch {
    return false;
  }
}
