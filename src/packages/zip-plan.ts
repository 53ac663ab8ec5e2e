import type { Entry, LocalFileHeader } from 'yauzl';
import { LIMITS, MIB } from '../domain/limits.ts';
import { PackagePaths } from './package-paths.ts';
import { packageProblem } from './package-problem.ts';

const FLAG_ENCRYPTED = 0x1;
const FLAG_STRONG_ENCRYPTION = 0x40;
const FLAG_MASKED_HEADERS = 0x2000;
const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;
const HOST_UNIX = 3;
const HOST_MACOS = 19;
const TYPE_MASK = 0o170000;
const TYPE_FILE = 0o100000;
const TYPE_FOLDER = 0o040000;
const TYPE_LINK = 0o120000;
const EXECUTABLE_BITS = 0o111;
/** As for paths; a longer one is not read. */
const LINK_MAX_BYTES = 1024;
/** Real code and data compress by 3 to 20; a package that is large and compresses far more is a bomb or a mistake. */
const RATIO_MAX = 200;
const RATIO_CHECKED_FROM_BYTES = 16 * MIB;

/** An entry judged good by itself. */
export interface ZipPlanEntry {
  entry: Entry;
  path: string;
  kind: 'file' | 'executable' | 'link' | 'folder';
}

/** Judges one entry of the central directory by itself. Null when the entry is only a folder named `./`. */
export function planEntry(entry: Entry): ZipPlanEntry | null {
  const name = decodeName(entry.fileNameRaw);
  const isFolder = name.endsWith('/');
  const path = (isFolder ? name.slice(0, -1) : name).replace(/^\.\//, '');
  if (isFolder && (path === '.' || path === '')) {
    if (name === './') return null;
    throw packageProblem('invalid_zip', name, 'the path is absolute');
  }
  const madeOnUnix = [HOST_UNIX, HOST_MACOS].includes(entry.versionMadeBy >>> 8);
  const problem = flagProblem(entry) ?? kindProblem(entry, isFolder, madeOnUnix);
  if (problem) throw packageProblem('invalid_zip', name, problem);
  const mode = entry.externalFileAttributes >>> 16;
  if (isFolder) return { entry, path, kind: 'folder' };
  if ((mode & TYPE_MASK) === TYPE_LINK) return { entry, path, kind: 'link' };
  return { entry, path, kind: madeOnUnix && (mode & EXECUTABLE_BITS) !== 0 ? 'executable' : 'file' };
}

function flagProblem(entry: Entry): string | null {
  if (entry.generalPurposeBitFlag & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS)) {
    return 'the entry is encrypted';
  }
  if (entry.compressionMethod !== METHOD_STORED && entry.compressionMethod !== METHOD_DEFLATED) {
    return 'the entry uses a compression other than deflate';
  }
  return null;
}

function kindProblem(entry: Entry, isFolder: boolean, madeOnUnix: boolean): string | null {
  const type = (entry.externalFileAttributes >>> 16) & TYPE_MASK;
  if (type === TYPE_LINK) {
    if (isFolder) return 'the entry is a link and a folder';
    if (!madeOnUnix) return 'the entry is a link, in an archive of a system that has none';
    return entry.uncompressedSize > LINK_MAX_BYTES ? `the link is longer than ${LINK_MAX_BYTES} bytes` : null;
  }
  if (type !== 0 && type !== TYPE_FILE && type !== TYPE_FOLDER) return 'the entry is a device, a pipe or a socket';
  if (isFolder ? type === TYPE_FILE : type === TYPE_FOLDER) return 'the entry is a file and a folder';
  if (isFolder && entry.uncompressedSize !== 0) return 'a folder holds data';
  return null;
}

/** Names are UTF-8 whether flagged or not (many tools leave the flag out); the alternative-name field is never used. */
function decodeName(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw packageProblem('invalid_zip', raw.toString('latin1'), 'the name is not UTF-8');
  }
}

/** Judges the entries together: names, counts, promised bytes, compression ratio, and that no two share bytes of the file. */
export class ZipPlan {
  readonly #planned: ZipPlanEntry[] = [];
  readonly #paths = new PackagePaths();
  readonly #ranges: { start: number; end: number; path: string }[] = [];
  #promisedBytes = 0;

  add(planned: ZipPlanEntry, local: LocalFileHeader): void {
    const { entry, path, kind } = planned;
    const problem = this.#take(path, kind);
    if (problem) throw packageProblem('invalid_zip', path, problem);
    if (!local.fileName.equals(entry.fileNameRaw) || local.compressionMethod !== entry.compressionMethod) {
      throw packageProblem('invalid_zip', path, 'the two headers of the entry contradict each other');
    }
    this.#promisedBytes += entry.uncompressedSize;
    if (this.#promisedBytes > LIMITS.packageMaxBytes) {
      throw packageProblem('invalid_zip', path, `the package has more than ${LIMITS.packageMaxBytes} bytes`);
    }
    const end = local.fileDataStart + entry.compressedSize;
    this.#ranges.push({ start: entry.relativeOffsetOfLocalHeader, end, path });
    if (kind === 'folder') return;
    this.#planned.push(planned);
    if (this.#planned.length > LIMITS.packageFilesMax) {
      throw packageProblem('invalid_zip', path, `the package has more than ${LIMITS.packageFilesMax} files`);
    }
  }

  #take(path: string, kind: ZipPlanEntry['kind']): string | null {
    if (kind === 'folder') return this.#paths.addFolder(path);
    return kind === 'link' ? this.#paths.addLink(path) : this.#paths.addFile(path);
  }

  /** The files and links to make, in archive order. */
  finish(zipBytes: number): ZipPlanEntry[] {
    if (!this.#planned.some(({ kind }) => kind !== 'link'))
      throw packageProblem('invalid_zip', '', 'the archive has no files');
    if (this.#promisedBytes > RATIO_CHECKED_FROM_BYTES && this.#promisedBytes > zipBytes * RATIO_MAX) {
      throw packageProblem('invalid_zip', '', `the archive unpacks to more than ${RATIO_MAX} times its size`);
    }
    this.#ranges.sort((a, b) => a.start - b.start);
    for (let i = 1; i < this.#ranges.length; i++) {
      if (this.#ranges[i]!.start < this.#ranges[i - 1]!.end) {
        throw packageProblem('invalid_zip', this.#ranges[i]!.path, 'two entries share bytes of the archive');
      }
    }
    return this.#planned;
  }
}
