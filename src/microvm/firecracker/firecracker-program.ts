import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { runTool } from '../../host/run-tool.ts';
import type { VmmInspection } from '../vmm.ts';

const VERSION_DEADLINE_MS = 10_000;
/** The first version whose guests find their devices through ACPI, as distributions' kernels need. */
const VERSION_MIN = [1, 8] as const;

/** Absolute path of a program: the configured one, else the first on the PATH. Null when there is none. */
export function findProgram(name: string, configured: string | null, path = process.env.PATH ?? ''): string | null {
  if (configured !== null) return configured;
  const places = path.split(delimiter).filter((place) => isAbsolute(place));
  return places.map((place) => join(place, name)).find((candidate) => existsSync(candidate)) ?? null;
}

/** Whether that Firecracker can be run. It is run once for its version. Never rejects. */
export async function inspectProgram(path: string | null, signal: AbortSignal): Promise<VmmInspection> {
  if (path === null || !existsSync(path)) {
    const detail = path === null ? 'Firecracker is not installed.' : 'There is no file at COLDFRAME_FIRECRACKER.';
    const fix = 'put a `firecracker` of version 1.8 or later on the PATH, or give its path in COLDFRAME_FIRECRACKER';
    return { state: 'absent', version: null, detail, fix };
  }
  if (!isExecutable(path)) {
    const detail = 'The Firecracker found here may not be executed.';
    return {
      state: 'no_permission',
      version: null,
      detail,
      fix: 'chmod 755 the file, on a file system without noexec',
    };
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(VERSION_DEADLINE_MS)]);
  const { stdout } = await runTool(path, ['--version'], limit);
  const [, version, major, minor] = /Firecracker v((\d+)\.(\d+)\S*)/.exec(stdout) ?? [];
  if (version === undefined && limit.aborted) {
    return { state: 'busy', version: null, detail: 'Firecracker did not say its version in time.', fix: null };
  }
  if (version === undefined) {
    const detail = 'The file given as Firecracker does not answer with a version of it.';
    return {
      state: 'absent',
      version: null,
      detail,
      fix: 'give the path of a Firecracker for this machine’s processor',
    };
  }
  const isOld = Number(major) < VERSION_MIN[0] || (Number(major) === VERSION_MIN[0] && Number(minor) < VERSION_MIN[1]);
  const detail = `Firecracker ${version} is here.`;
  if (isOld)
    return { state: 'absent', version, detail: `${detail} It is too old.`, fix: 'install version 1.8 or later' };
  return { state: 'present', version, detail, fix: null };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
