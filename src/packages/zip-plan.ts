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
const EXECUTABLE_BITS = 0o111;
/** Real code and data compress by 3 to 20; a package that is large and compresses far more is a bomb or a mistake. */
const RATIO_MAX = 200;
const RATIO_CHECKED_FROM_BYTES = 16 * MIB;

/** An entry judged good by itself. */
export interface ZipPlanEntry {
  entry: Entry;
  path: string;
  executable: boolean;
}

/** Judges one entry of the central directory by itself; null for one that is only a folder named `./`. */
export function planEntry(entry: Entry): (ZipPlanEntry & { isFolder: boolean }) | null {
  const name = decodeName(entry.fileNameRaw);
  const isFolder = name.endsWith('/');
  const path = (isFolder ? name.slice(0, -1) : name).replace(/^\.\//, '');
  if (isFolder && (path === '.' || path === '')) {
    if (name === './') return null;
    throw packageProblem('invalid_zip', name, 'the path is absolute');
  }
  const problem = flagProblem(entry) ?? kindProblem(entry, isFolder);
  if (problem) throw packageProblem('invalid_zip', name, problem);
  const madeOnUnix = [HOST_UNIX, HOST_MACOS].includes(entry.versionMadeBy >>> 8);
  const executable = madeOnUnix && ((entry.externalFileAttributes >>> 16) & EXECUTABLE_BITS) !== 0;
  return { entry, path, executable, isFolder };
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

function kindProblem(entry: Entry, isFolder: boolean): string | null {
  const type = (entry.externalFileAttributes >>> 16) & TYPE_MASK;
  if (type !== 0 && type !== TYPE_FILE && type !== TYPE_FOLDER) return 'the entry is a link, a device or a pipe';
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
  readonly #files: ZipPlanEntry[] = [];
  readonly #paths = new PackagePaths();
  readonly #ranges: { start: number; end: number; path: string }[] = [];
  #promisedBytes = 0;

  add(planned: ZipPlanEntry & { isFolder: boolean }, local: LocalFileHeader): void {
    const { entry, path, isFolder } = planned;
    const problem = isFolder ? this.#paths.addFolder(path) : this.#paths.addFile(path);
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
    if (isFolder) return;
    this.#files.push({ entry, path, executable: planned.executable });
    if (this.#files.length > LIMITS.packageFilesMax) {
      throw packageProblem('invalid_zip', path, `the package has more than ${LIMITS.packageFilesMax} files`);
    }
  }

  /** The files to write, in archive order. */
  finish(zipBytes: number): ZipPlanEntry[] {
    if (this.#files.length === 0) throw packageProblem('invalid_zip', '', 'the archive has no files');
    if (this.#promisedBytes > RATIO_CHECKED_FROM_BYTES && this.#promisedBytes > zipBytes * RATIO_MAX) {
      throw packageProblem('invalid_zip', '', `the archive unpacks to more than ${RATIO_MAX} times its size`);
    }
    this.#ranges.sort((a, b) => a.start - b.start);
    for (let i = 1; i < this.#ranges.length; i++) {
      if (this.#ranges[i]!.start < this.#ranges[i - 1]!.end) {
        throw packageProblem('invalid_zip', this.#ranges[i]!.path, 'two entries share bytes of the archive');
      }
    }
    return this.#files;
  }
}
