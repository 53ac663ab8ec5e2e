import { access, constants, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RUNTIMES } from '../../domain/names.ts';
import { runTool } from '../run-tool.ts';

/** A shim of a version switcher may take a second to answer. */
const PROBE_DEADLINE_MS = 5_000;
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin'];
const PROBE = `import os, sys
print(sys.version_info[0], sys.version_info[1], sep='.')
print(os.path.realpath(sys.executable))
print(os.path.dirname(os.path.realpath(os.__file__)))`;

/** A Python that any uid may run. */
export interface HostPython {
  /** `3.11`. */
  version: string;
  /** Real path of the interpreter. */
  executable: string;
  /** Real path of its standard library. */
  stdlib: string;
}

/** One interpreter per version the domain lists: the first usable in the usual folders, then in `searchPath`. */
export async function findPythons(options: { searchPath: string[]; signal: AbortSignal }): Promise<HostPython[]> {
  const versions = RUNTIMES.filter((id) => id.startsWith('python')).map((id) => id.slice('python'.length));
  const names = [...versions.map((version) => `python${version}`), 'python3'];
  const candidates = [...USUAL_FOLDERS, ...options.searchPath].flatMap((folder) =>
    names.map((name) => join(folder, name)),
  );
  const found = new Map<string, HostPython>();
  const tried = new Set<string>();
  for (const candidate of candidates) {
    const real = await realpath(candidate).catch(() => null);
    if (real === null || tried.has(real)) continue;
    tried.add(real);
    const python = await probe(candidate, options.signal);
    if (python === null || !versions.includes(python.version) || found.has(python.version)) continue;
    if ((await isReachableByAll(python.executable)) && (await isReachableByAll(python.stdlib))) {
      found.set(python.version, python);
    }
  }
  return [...found.values()];
}

async function probe(candidate: string, signal: AbortSignal): Promise<HostPython | null> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_DEADLINE_MS)]);
  const result = await runTool(candidate, ['-I', '-c', PROBE], limit);
  const [version = '', executable = '', stdlib = ''] = result.stdout.split('\n');
  return result.exitCode === 0 && stdlib !== '' ? { version, executable, stdlib } : null;
}

/** A server that is not root runs sandboxes as itself, so its own access decides; root's would say yes to everything. */
export async function isReachableByAll(path: string): Promise<boolean> {
  if (process.getuid?.() !== 0) {
    return access(path, constants.R_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
  }
  for (let at = path; ; at = dirname(at)) {
    const status = await stat(at).catch(() => null);
    const needed = at === path ? 0o5 : 0o1;
    if (status === null || (status.mode & needed) !== needed) return false;
    if (at === '/') return true;
  }
}
