import { createHash } from 'node:crypto';

/** One name of a package, as far as its identity goes. */
export interface TreeEntry {
  path: string;
  kind: 'file' | 'executable' | 'link';
  /** sha256 of the content, of a link its target; hex. */
  sha256: string;
}

const MARKS = { file: '-', executable: 'x', link: 'l' } as const;

/**
 * The identity of a tree: its files' paths, executable bits and contents, its links' paths and targets; times, owners and empty
 * folders are no part of it.
 */
export function treeHash(entries: readonly TreeEntry[]): string {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const hash = createHash('sha256');
  for (const { path, kind, sha256 } of sorted) hash.update(`${MARKS[kind]} ${sha256} ${path}\0`);
  return hash.digest('hex');
}
