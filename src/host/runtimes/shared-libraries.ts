import { runTool, TOOL_DEADLINE_MS } from '../run-tool.ts';

/** Files per call of ldd, which handles them one after another. */
const BATCH = 64;

/** The shared libraries and the loader that those programs need, each at the path where the loader will look for it. */
export async function sharedLibraries(
  files: string[],
  signal: AbortSignal,
): Promise<{ source: string; target: string }[]> {
  const paths = new Set<string>();
  for (let at = 0; at < files.length; at += BATCH) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
    const result = await runTool('ldd', files.slice(at, at + BATCH), limit);
    signal.throwIfAborted();
    // `libm.so.6 => /lib/x/libm.so.6 (0x7f..)`, or the loader alone: `/lib64/ld-linux-x86-64.so.2 (0x7f..)`.
    for (const match of result.stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm))
      paths.add(match[1] as string);
  }
  return [...paths].map((path) => ({ source: path, target: path }));
}
