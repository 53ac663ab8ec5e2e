import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageRef } from '../domain/function.ts';
import { listTree, measureTree } from './package-files.ts';
import { diskProblem, packageProblem } from './package-problem.ts';
import { makeWritable, removePackageTree } from './remove-package-tree.ts';
import { type SealedTree, StagedTree } from './staged-tree.ts';
import { unzip } from './unzip.ts';

const STAGING_PREFIX = '.staging-';
const TRASH_PREFIX = '.trash-';
const SHA256 = /^[0-9a-f]{64}$/;
const WORKSPACE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** Longer than the longest call (15 min) and the drain after it, so a package that nothing names any more is not in use either. */
const GRACE_MS = 60 * 60 * 1000;
const REFS_CACHED_MAX = 20_000;
const OWNER_MAY_WRITE = 0o200;

/** Files of a package by path; executable bits and links come with zips only. */
export type PackageFiles = Record<string, string | Uint8Array>;

export interface PackageStoreOptions {
  dataDir: string;
  /** Milliseconds a package stays after it was first seen unreferenced; default one hour. */
  graceMs?: number;
  /** Milliseconds since the epoch; default the system clock. */
  now?: () => number;
}

/**
 * Content-addressed code trees in `<dataDir>/packages/<workspaceId>/<sha256>/`, of read-only files, never shared across workspaces.
 * A tree is written beside its final place, put on disk, then renamed: so every folder with a hash for a name is whole, and
 * what a crash or a full disk left behind has another name and goes at the next start. Putting the same content twice,
 * also at once, ends with one tree. Removal is in two steps with a grace time between them, since calls in flight may
 * still read a package that no function names any more.
 */
export class PackageStore {
  readonly #root: string;
  readonly #graceMs: number;
  readonly #now: () => number;
  readonly #refs = new Map<string, PackageRef>();
  readonly #unreferencedSince = new Map<string, number>();
  /**
   * Trees that are being removed. A put of the same content waits; otherwise it would take the leaving tree for its
   * own.
   */
  readonly #removing = new Map<string, Promise<void>>();

  constructor(options: PackageStoreOptions) {
    this.#root = join(options.dataDir, 'packages');
    this.#graceMs = options.graceMs ?? GRACE_MS;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Removes what earlier lives left half-made, and gives owners access to the folders that earlier versions closed.
   * Called before the first put. Returns how many folders it removed.
   */
  async start(): Promise<number> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 }).catch((error) => Promise.reject(diskProblem(error)));
    let removed = 0;
    for (const workspaceId of (await readdir(this.#root)).filter((name) => WORKSPACE.test(name))) {
      for (const name of await readdir(join(this.#root, workspaceId))) {
        const path = join(this.#root, workspaceId, name);
        if (SHA256.test(name) && ((await stat(path)).mode & OWNER_MAY_WRITE) === 0) await makeWritable(path);
        if (!name.startsWith(STAGING_PREFIX) && !name.startsWith(TRASH_PREFIX)) continue;
        await removePackageTree(path);
        removed++;
      }
    }
    return removed;
  }

  /** Stores files given as text or bytes. Durable when it resolves; nothing is left when it rejects. Throws `invalid_code`. */
  async putFiles(workspaceId: string, files: PackageFiles, signal?: AbortSignal): Promise<PackageRef> {
    const entries = Object.entries(files);
    if (entries.length === 0) throw packageProblem('invalid_code', '', 'there are no files');
    const newFiles = entries.map(([path, content]) => ({
      path,
      executable: false,
      content: () => [typeof content === 'string' ? Buffer.from(content) : content],
    }));
    return await this.#put(workspaceId, 'invalid_code', (tree) => tree.addFiles(newFiles, signal));
  }

  /**
   * A package like `base` with files put over it by path; null takes a file or a link away, a text replaces a link. What is not
   * named stays as it is, and a file that had the executable bit keeps it under a new text. Same guarantees as `putFiles`;
   * taking away what is not there changes nothing.
   */
  async putChanges(
    base: PackageRef,
    changes: Record<string, string | null>,
    signal?: AbortSignal,
  ): Promise<PackageRef> {
    const changed = new Map(Object.entries(changes));
    const tree = await listTree(base);
    const kept = tree.files.filter(({ path }) => !changed.has(path));
    const executables = new Set(tree.files.filter(({ executable }) => executable).map(({ path }) => path));
    const files = [
      ...kept.map(({ path, executable }) => ({
        path,
        executable,
        content: () => createReadStream(join(base.path, path)),
      })),
      ...[...changed].flatMap(([path, text]) =>
        text === null ? [] : [{ path, executable: executables.has(path), content: () => [Buffer.from(text)] }],
      ),
    ];
    if (files.length === 0) throw packageProblem('invalid_code', '', 'there are no files');
    const links = tree.links.filter(({ path }) => !changed.has(path));
    return await this.#put(base.workspaceId, 'invalid_code', async (staged) => {
      await staged.addFiles(files, signal);
      await staged.addLinks(links, signal);
    });
  }

  /** Unpacks a zip on disk, safely (see unzip.ts). Same guarantees; throws `invalid_zip`. The zip stays where it is. */
  async putZip(workspaceId: string, zipPath: string, signal?: AbortSignal): Promise<PackageRef> {
    return await this.#put(workspaceId, 'invalid_zip', (tree) => unzip(zipPath, tree, signal));
  }

  /** The package of that hash. Null when this workspace has none. */
  async open(workspaceId: string, sha256: string): Promise<PackageRef | null> {
    const path = join(this.#workspacePath(workspaceId), sha256);
    if (!SHA256.test(sha256)) return null;
    const known = this.#refs.get(path);
    if (known) return known;
    if (!(await stat(path).catch(() => null))?.isDirectory()) return null;
    return this.#remember({ sha256, workspaceId, path, ...(await measureTree(path)) });
  }

  /**
   * Removes packages of a workspace that `keepHashes` has not named for the grace time, over several calls: the first one
   * only notes them. `keepHashes` is asked again just before each removal, so a deploy in between saves its package.
   */
  async collect(workspaceId: string, keepHashes: () => Promise<Iterable<string>>): Promise<number> {
    const folder = this.#workspacePath(workspaceId);
    const present = (await readdir(folder).catch(() => [])).filter((name) => SHA256.test(name));
    const keep = new Set(await keepHashes());
    const due: string[] = [];
    for (const sha256 of present) {
      const path = join(folder, sha256);
      if (keep.has(sha256)) {
        this.#unreferencedSince.delete(path);
        continue;
      }
      const since = this.#unreferencedSince.get(path);
      if (since === undefined) this.#unreferencedSince.set(path, this.#now());
      else if (this.#now() - since >= this.#graceMs) due.push(sha256);
    }
    if (due.length === 0) return 0;
    const stillKept = new Set(await keepHashes());
    let removed = 0;
    for (const sha256 of due) {
      if (!stillKept.has(sha256) && (await this.#remove(folder, sha256))) removed++;
    }
    return removed;
  }

  async #remove(folder: string, sha256: string): Promise<boolean> {
    const path = join(folder, sha256);
    // A put of the same content has taken the mark away since the check: its function is about to be stored.
    if (!this.#unreferencedSince.delete(path)) return false;
    this.#refs.delete(path);
    const trash = join(folder, TRASH_PREFIX + randomBytes(8).toString('hex'));
    const moved = rename(path, trash);
    this.#removing.set(
      path,
      moved.catch(() => undefined),
    );
    try {
      await moved;
      await removePackageTree(trash);
      return true;
    } catch (error) {
      throw diskProblem(error);
    } finally {
      this.#removing.delete(path);
    }
  }

  async #put(
    workspaceId: string,
    code: 'invalid_zip' | 'invalid_code',
    fill: (tree: StagedTree) => Promise<void>,
  ): Promise<PackageRef> {
    const folder = this.#workspacePath(workspaceId);
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => Promise.reject(diskProblem(error)));
    const tree = await StagedTree.create(join(folder, STAGING_PREFIX + randomBytes(8).toString('hex')), code);
    try {
      await fill(tree);
      const sealed = await tree.seal();
      return await this.#moveIntoPlace(workspaceId, folder, tree, sealed);
    } catch (error) {
      await tree.discard();
      throw error;
    }
  }

  async #moveIntoPlace(
    workspaceId: string,
    folder: string,
    tree: StagedTree,
    { sha256, fileCount, sizeBytes }: SealedTree,
  ): Promise<PackageRef> {
    const path = join(folder, sha256);
    await this.#removing.get(path);
    // This happens in one step with the rename. From here on a collection leaves this path alone.
    this.#unreferencedSince.delete(path);
    try {
      await rename(tree.path, path);
      const handle = await open(folder, 'r');
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw diskProblem(error);
      await tree.discard();
    }
    return this.#remember({ sha256, workspaceId, path, fileCount, sizeBytes });
  }

  #remember(ref: PackageRef): PackageRef {
    if (this.#refs.size >= REFS_CACHED_MAX) this.#refs.delete(this.#refs.keys().next().value!);
    this.#refs.set(ref.path, ref);
    return ref;
  }

  #workspacePath(workspaceId: string): string {
    if (!WORKSPACE.test(workspaceId)) throw new Error(`not a workspace id: ${JSON.stringify(workspaceId)}`);
    return join(this.#root, workspaceId);
  }
}
