import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LIMITS } from '../domain/limits.ts';
import { DiskTurns } from './disk-turns.ts';
import { type PackageLink, PackageLinks, targetProblem } from './package-links.ts';
import { PackagePaths } from './package-paths.ts';
import { diskProblem, packageProblem } from './package-problem.ts';
import { removePackageTree } from './remove-package-tree.ts';
import { type TreeEntry, treeHash } from './tree-hash.ts';

/** Written beside each other; putting them on disk takes turns. */
const FILES_AT_ONCE = 4;
const FOLDER_SYNCS_AT_ONCE = 8;
/** Links judged in one turn of the event loop. */
const LINKS_PER_TURN = 200;
const SYNC_TURNS = new DiskTurns();
/**
 * Writable by its owner, so that whoever owns the data directory may remove it. Sandboxes never see these folders themselves:
 * what they see is a read-only mount, or a copy.
 */
const SEALED_FOLDER_MODE = 0o755;

export interface NewFile {
  path: string;
  executable: boolean;
  content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface SealedTree {
  sha256: string;
  fileCount: number;
  sizeBytes: number;
}

/**
 * A package being written, in a folder beside its final place. It enforces the bounds on what is truly written, whatever a
 * header promised: paths, count, total bytes, where links lead. States: open (addFiles, then addLinks), sealed (all on disk, modes set), discarded.
 * Whatever fails, `discard` leaves nothing; after a crash the store removes the folder at its next start.
 */
export class StagedTree {
  readonly path: string;
  readonly #code: 'invalid_zip' | 'invalid_code';
  readonly #paths = new PackagePaths();
  readonly #folders = new Map<string, Promise<unknown>>();
  readonly #entries: TreeEntry[] = [];
  #sizeBytes = 0;

  private constructor(path: string, code: 'invalid_zip' | 'invalid_code') {
    this.path = path;
    this.#code = code;
  }

  /** Makes the folder. `code` is the error for its author's mistakes. */
  static async create(path: string, code: 'invalid_zip' | 'invalid_code'): Promise<StagedTree> {
    await mkdir(path, { mode: 0o700 }).catch((error) => Promise.reject(diskProblem(error)));
    return new StagedTree(path, code);
  }

  /** Writes files, several at once; all are on disk when it resolves, none is being written any more when it rejects. */
  async addFiles(files: readonly NewFile[], signal?: AbortSignal): Promise<void> {
    let next = 0;
    const failures: unknown[] = [];
    const work = async () => {
      while (next < files.length && failures.length === 0) await this.#addFile(files[next++]!, signal);
    };
    const workers = Array.from({ length: FILES_AT_ONCE }, () => work().catch((error) => failures.push(error)));
    await Promise.all(workers);
    signal?.throwIfAborted();
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Makes symbolic links, once all files are there; they stay inside the package and nothing lies below one. All are judged
   * before the first is made.
   */
  async addLinks(links: readonly PackageLink[], signal?: AbortSignal): Promise<void> {
    const followed = new PackageLinks(links);
    for (const [n, { path, target }] of links.entries()) {
      if (n % LINKS_PER_TURN === 0) await setImmediate();
      signal?.throwIfAborted();
      const problem = targetProblem(target) ?? this.#paths.addLink(path);
      if (problem) throw packageProblem(this.#code, path, problem);
      const led = followed.resolve(path);
      if (led.kind === 'refused') throw packageProblem(this.#code, path, led.reason);
      this.#count(path);
      const bytes = Buffer.from(target);
      this.#countBytes(path, bytes.length);
      this.#entries.push({ path, kind: 'link', sha256: createHash('sha256').update(bytes).digest('hex') });
    }
    for (const { path, target } of links) {
      signal?.throwIfAborted();
      await this.#makeFolder(dirname(path));
      await symlink(target, join(this.path, path)).catch((error) => Promise.reject(this.#nameProblem(path, error)));
    }
  }

  async #addFile({ path, executable, content }: NewFile, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const problem = this.#paths.addFile(path);
    if (problem) throw packageProblem(this.#code, path, problem);
    this.#count(path);
    const entry: TreeEntry = { path, kind: executable ? 'executable' : 'file', sha256: '' };
    this.#entries.push(entry);
    await this.#makeFolder(dirname(path));
    const handle = await this.#create(path);
    try {
      entry.sha256 = await this.#write(handle, path, content(), signal);
      await handle.chmod(executable ? 0o555 : 0o444);
      await SYNC_TURNS.take(() => handle.sync());
    } catch (error) {
      signal?.throwIfAborted();
      throw diskProblem(error);
    } finally {
      await handle.close();
    }
  }

  /** Sets folder modes, puts the folders on disk and computes the hash. */
  async seal(): Promise<SealedTree> {
    const folders = ['.', ...[...this.#folders.keys()].filter((folder) => folder !== '.')];
    try {
      for (let at = 0; at < folders.length; at += FOLDER_SYNCS_AT_ONCE) {
        await Promise.all(
          folders.slice(at, at + FOLDER_SYNCS_AT_ONCE).map((folder) => sealFolder(join(this.path, folder))),
        );
      }
    } catch (error) {
      throw diskProblem(error);
    }
    return { sha256: treeHash(this.#entries), fileCount: this.#entries.length, sizeBytes: this.#sizeBytes };
  }

  async discard(): Promise<void> {
    await removePackageTree(this.path);
  }

  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(join(this.path, path), 'wx', 0o600);
    } catch (error) {
      throw this.#nameProblem(path, error);
    }
  }

  #nameProblem(path: string, error: unknown): Error {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EEXIST';
    return isTaken ? packageProblem(this.#code, path, 'the name occurs twice') : diskProblem(error);
  }

  #count(path: string): void {
    if (this.#entries.length < LIMITS.packageFilesMax) return;
    throw packageProblem(this.#code, path, `the package has more than ${LIMITS.packageFilesMax} files`);
  }

  #countBytes(path: string, bytes: number): void {
    this.#sizeBytes += bytes;
    if (this.#sizeBytes <= LIMITS.packageMaxBytes) return;
    throw packageProblem(this.#code, path, `the package has more than ${LIMITS.packageMaxBytes} bytes`);
  }

  async #write(
    handle: FileHandle,
    path: string,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of content) {
      signal?.throwIfAborted();
      this.#countBytes(path, chunk.byteLength);
      hash.update(chunk);
      await writeWhole(handle, chunk);
    }
    return hash.digest('hex');
  }

  async #makeFolder(folder: string): Promise<void> {
    if (folder === '.') return;
    let made = this.#folders.get(folder);
    if (!made) {
      made = this.#makeFolder(dirname(folder)).then(() => mkdir(join(this.path, folder), { mode: 0o700 }));
      this.#folders.set(folder, made);
    }
    try {
      await made;
    } catch (error) {
      throw diskProblem(error);
    }
  }
}

async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.byteLength - at);
    at += bytesWritten;
  }
}

async function sealFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.chmod(SEALED_FOLDER_MODE);
    await SYNC_TURNS.take(() => handle.sync());
  } finally {
    await handle.close();
  }
}
