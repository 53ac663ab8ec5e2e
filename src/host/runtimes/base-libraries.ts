import { runTool } from '../run-tool.ts';

const LDCONFIG_DEADLINE_MS = 5_000;
/** What `ldconfig -p` calls libraries of this machine. */
const MARKS: Partial<Record<NodeJS.Architecture, string>> = { x64: 'x86-64', arm64: 'AArch64' };

/** Paths of the host's shared libraries of those names (before `.so`), as the dynamic linker's cache has them; absent ones are left out. */
export async function baseLibraries(names: readonly string[], signal: AbortSignal): Promise<string[]> {
  const mark = MARKS[process.arch];
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LDCONFIG_DEADLINE_MS)]);
  const { stdout } = await runTool('/sbin/ldconfig', ['-p'], limit);
  signal.throwIfAborted();
  const wanted = new Set(names);
  const paths = new Set<string>();
  // `	libz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1`; a name without a version is for compilers.
  for (const [, name = '', kind = '', path = ''] of stdout.matchAll(/^\s+(\S+?)\.so\S* \(([^)]*)\) => (\/\S+)$/gm)) {
    const hasVersion = /\.so\.|libdb-|ld-linux/.test(path);
    if (wanted.has(name) && hasVersion && mark !== undefined && kind.includes(mark)) paths.add(path);
  }
  return [...paths];
}
