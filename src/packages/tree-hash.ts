import { createHash } from 'node:crypto';

/** One file of a package, as far as its identity goes. */
export interface TreeFile {
  path: string;
  executable: boolean;
  /** sha256 of the content, hex. */
  sha256: string;
}

/** The identity of a tree: its files' paths, executable bits and contents; times, owners and empty folders are no part of it. */
export function treeHash(files: readonly TreeFile[]): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const hash = createHash('sha256');
  for (const file of sorted) hash.update(`${file.executable ? 'x' : '-'} ${file.sha256} ${file.path}\0`);
  return hash.digest('hex');
}
