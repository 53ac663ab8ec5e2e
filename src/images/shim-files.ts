import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface ShimFile {
  /** Relative to the runtimes folder, with slashes. */
  name: string;
  content: Buffer;
}

/**
 * The files of the runtimes folder in a stable order. What tests and interpreters leave there is left out, and so is
 * `guest/`, which is for microVMs alone.
 */
export async function shimFiles(runtimesDir: string, options: { withGuest: boolean }): Promise<ShimFile[]> {
  const entries = await readdir(runtimesDir, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(runtimesDir, path.join(entry.parentPath, entry.name)))
    .filter((name) => options.withGuest || !name.startsWith('guest/'))
    .filter((name) => !/(^|\/)__pycache__(\/|$)|\.test\.|(^|\/)test_/.test(name))
    .sort();
  return await Promise.all(
    names.map(async (name) => ({ name, content: await readFile(path.join(runtimesDir, name)) })),
  );
}
