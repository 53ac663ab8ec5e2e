import { access, constants, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { languageOf, RUNTIMES, type RuntimeId, runtimeOfVersion, runtimeRow } from '../../domain/runtimes.ts';
import { runTool, TOOL_DEADLINE_MS } from '../run-tool.ts';

const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin'];
const PROBE = `import os, sys
print(sys.version_info[0], sys.version_info[1], sep='.')
print(os.path.realpath(sys.executable))
print(os.path.dirname(os.path.realpath(os.__file__)))`;

/** A Python that any uid may run. */
export interface HostPython {
  id: RuntimeId;
  /** Real path of the interpreter. */
  executable: string;
  /** Real path of its standard library. */
  stdlib: string;
}

/** One interpreter for each Python of the table of runtimes: the first usable in the usual folders, then in `searchPath`. Rejects when aborted. */
export async function findPythons(options: { searchPath: string[]; signal: AbortSignal }): Promise<HostPython[]> {
  const rows = RUNTIMES.filter((id) => languageOf(id) === 'python').map(runtimeRow);
  const names = new Set(rows.flatMap(({ hostPrograms }) => hostPrograms));
  const candidates = [...USUAL_FOLDERS, ...options.searchPath].flatMap((folder) =>
    [...names].map((name) => join(folder, name)),
  );
  const found = new Map<RuntimeId, HostPython>();
  const tried = new Set<string>();
  for (const candidate of candidates) {
    const real = await realpath(candidate).catch(() => null);
    if (real === null || tried.has(real)) continue;
    tried.add(real);
    const python = await probe(candidate, options.signal);
    if (python === null || found.has(python.id)) continue;
    if ((await isReachableByAll(python.executable)) && (await isReachableByAll(python.stdlib))) {
      found.set(python.id, python);
    }
  }
  options.signal.throwIfAborted();
  return [...found.values()];
}

async function probe(candidate: string, signal: AbortSignal): Promise<HostPython | null> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
  const result = await runTool(candidate, ['-I', '-c', PROBE], limit);
  const [version = '', executable = '', stdlib = ''] = result.stdout.split('\n');
  const id = runtimeOfVersion('python', version);
  return result.exitCode === 0 && stdlib !== '' && id !== null ? { id, executable, stdlib } : null;
}

/** A server that is not root runs sandboxes as itself, so its own access decides. Root has access to everything. */
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
