import { readFile } from 'node:fs/promises';
import { runTool, TOOL_DEADLINE_MS } from '../run-tool.ts';

/** Mount points at or below a directory, deepest first. A bind on a bind appears twice. */
export function mountsUnder(mountinfo: string, directory: string): string[] {
  return mountPoints(mountinfo)
    .map(({ path }) => path)
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .reverse()
    .sort((a, b) => b.length - a.length);
}

/** Whether that very directory is a mount that passes on later mounts. */
export function isSharedMount(mountinfo: string, directory: string): boolean {
  return mountPoints(mountinfo).some(({ path, shared }) => path === directory && shared);
}

/**
 * Null when the directory is a shared mount of its own afterwards, else the reason. It serves every sandbox, so nobody
 * may abort it: a mount that is stopped half-way may have been made all the same, and the next try would put another on
 * top.
 */
export async function makeSharedMount(directory: string): Promise<string | null> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  if (isSharedMount(mountinfo, directory)) return null;
  const signal = AbortSignal.timeout(TOOL_DEADLINE_MS);
  const isMount = mountPoints(mountinfo).some(({ path }) => path === directory);
  const bound = isMount ? null : await mount(['--bind', directory, directory], signal);
  if (bound !== null) return bound;
  const failure = await mount(['--make-shared', directory], signal);
  if (failure !== null) await unmount(directory, signal);
  return failure;
}

/** Binds read-only without set-uid files and devices; a later bind of `target` elsewhere keeps those flags. */
export function bindReadOnly(source: string, target: string, signal: AbortSignal): Promise<string | null> {
  return mount(['-o', 'bind,ro,nosuid,nodev', source, target], signal);
}

/** Binds the source as it is. A read-only source mount stays read-only. */
export function bindAgain(source: string, target: string, signal: AbortSignal): Promise<string | null> {
  return mount(['--bind', source, target], signal);
}

/**
 * Mounts everything that a table in the form of fstab(5) names, in its order. Null, or why one of the mounts failed.
 */
export function mountTable(path: string, signal: AbortSignal): Promise<string | null> {
  return mount(['--all', '--fstab', path], signal);
}

/** Detaches at once, even when in use, with every mount beneath. Does nothing when it is not mounted. */
export async function unmount(targets: string | string[], signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
  await runTool('umount', ['-l', ...[targets].flat()], limit);
}

async function mount(args: string[], signal: AbortSignal): Promise<string | null> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
  const result = await runTool('mount', ['-n', ...args], limit);
  return result.exitCode === 0 ? null : result.stderr.trim() || 'mount was stopped';
}

function mountPoints(mountinfo: string): { path: string; shared: boolean }[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const path = (fields[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      return { path, shared: fields.slice(6, fields.indexOf('-')).some((field) => field.startsWith('shared:')) };
    });
}
