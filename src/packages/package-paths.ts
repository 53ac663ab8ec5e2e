import { LIMITS } from '../domain/limits.ts';

const PATH_MAX_BYTES = 1024;
const SEGMENT_MAX_BYTES = 255;
const DEPTH_MAX = 32;
/** As many folders as files. Without this bound, 20,000 files could each bring 31 folders of their own. */
const FOLDERS_MAX = LIMITS.packageFilesMax;

/** Why a path cannot be part of a package, in words for its author. Null when it can. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'the name is empty';
  if (/[\x00-\x1f\x7f]/.test(path)) return 'the name holds a control character';
  if (path.includes('\\')) return 'the name holds a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'the path is absolute';
  if (!path.isWellFormed()) return 'the name is not valid Unicode';
  if (Buffer.byteLength(path) > PATH_MAX_BYTES) return `the path is longer than ${PATH_MAX_BYTES} bytes`;
  const segments = path.split('/');
  if (segments.length > DEPTH_MAX) return `the path is deeper than ${DEPTH_MAX} folders`;
  for (const segment of segments) {
    if (segment === '..') return 'the path leaves the package';
    if (segment === '' || segment === '.') return 'the path has an empty part';
    if (Buffer.byteLength(segment) > SEGMENT_MAX_BYTES) return `a name is longer than ${SEGMENT_MAX_BYTES} bytes`;
  }
  return null;
}

type Kind = 'file' | 'folder' | 'link';

/**
 * The names a package has taken so far. Names that differ in case only are two names, as they are to Linux and to Lambda;
 * on a file system that folds case the second file then fails as a duplicate when it is created.
 */
export class PackagePaths {
  readonly #taken = new Map<string, Kind>();
  #folderCount = 0;

  /** Takes a file's path and, as folders, all above it. Returns the problem, or null when it is taken now. */
  addFile(path: string): string | null {
    return this.#addLeaf(path, 'file');
  }

  /** The same for a link: nothing may lie below one, so whatever follows it never writes through it. */
  addLink(path: string): string | null {
    return this.#addLeaf(path, 'link');
  }

  /** Takes a folder's path (no trailing slash). Naming a folder again does nothing. */
  addFolder(path: string): string | null {
    const problem = pathProblem(path) ?? this.#addFoldersAbove(path);
    if (problem) return problem;
    return this.#takeFolder(path);
  }

  #addLeaf(path: string, kind: 'file' | 'link'): string | null {
    const problem = pathProblem(path) ?? this.#addFoldersAbove(path);
    if (problem) return problem;
    const there = this.#taken.get(path);
    if (there) return there === kind ? 'the name occurs twice' : `the name is a ${there} and a ${kind}`;
    this.#taken.set(path, kind);
    return null;
  }

  #addFoldersAbove(path: string): string | null {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const problem = this.#takeFolder(path.slice(0, at));
      if (problem) return problem;
    }
    return null;
  }

  #takeFolder(path: string): string | null {
    const there = this.#taken.get(path);
    if (there === 'folder') return null;
    if (there) return `the name is a ${there} and a folder`;
    if (++this.#folderCount > FOLDERS_MAX) return `the package has more than ${FOLDERS_MAX} folders`;
    this.#taken.set(path, 'folder');
    return null;
  }
}
