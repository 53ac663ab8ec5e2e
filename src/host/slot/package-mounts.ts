import { mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeRef } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { bindAgain, bindReadOnly, unmount } from './mounts.ts';

/**
 * Package mounts kept without a user. With them a function that is called now and then needs one mount call per claim.
 */
const IDLE_MAX = 64;

/** Copying a package of at most that many bytes takes less time than a mount. */
const COPY_MAX_BYTES = 1024 * 1024;
const COPY_FILES_MAX = 64;
/** Packages whose size is remembered, so that a claim does not measure it again. */
const KNOWN_SIZES_MAX = 1_000;

interface PackageMount {
  path: string;
  ready: Promise<void>;
  users: number;
}

/**
 * One read-only mount per package, bound from there into slots: a mount reaches running sandboxes with the flags it has at
 * that moment, so read-only cannot be set afterwards. Counted by user; idle ones beyond a bound are unmounted.
 */
export class PackageMounts {
  readonly #directory: string;
  readonly #mounts = new Map<string, PackageMount>();

  readonly #sizes = new Map<string, number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * True when a bind is faster than a copy. Links are not possible here: they do not cross the shared mount that holds
   * the slots.
   */
  async isWorthBinding(code: CodeRef): Promise<boolean> {
    if (code.fileCount > COPY_FILES_MAX) return true;
    const known = this.#sizes.get(code.sha256);
    const bytes = known ?? (await treeBytes(code.path));
    if (this.#sizes.size >= KNOWN_SIZES_MAX) this.#sizes.clear();
    this.#sizes.set(code.sha256, bytes);
    return bytes > COPY_MAX_BYTES;
  }

  /** Binds the package at `target`. Rejects with SandboxError. After a success `release` must follow. */
  async bindAt(code: CodeRef, target: string, signal: AbortSignal): Promise<void> {
    const entry = this.#entry(code);
    entry.users++;
    try {
      await entry.ready;
      const failure = await bindAgain(entry.path, target, signal);
      if (failure !== null) throw new SandboxError('sandbox_start_failed', `bind failed: ${failure}`);
    } catch (error) {
      await unmount(target, AbortSignal.timeout(5_000));
      await this.release(code);
      throw error;
    }
  }

  /** Ends one use. The caller has already unmounted its bind. */
  async release(code: CodeRef): Promise<void> {
    const entry = this.#mounts.get(keyOf(code));
    if (entry === undefined) return;
    entry.users--;
    const idle = [...this.#mounts].filter(([, mount]) => mount.users <= 0);
    for (const [key, mount] of idle.slice(0, Math.max(0, idle.length - IDLE_MAX))) {
      this.#mounts.delete(key);
      await unmount(mount.path, AbortSignal.timeout(5_000));
      await rmdir(mount.path).catch(() => undefined);
    }
  }

  #entry(code: CodeRef): PackageMount {
    const key = keyOf(code);
    const known = this.#mounts.get(key);
    if (known !== undefined) return known;
    const path = join(this.#directory, key);
    const entry: PackageMount = { path, users: 0, ready: this.#mount(code, path) };
    // A failed mount is not remembered: the next claim tries again.
    entry.ready.catch(() => this.#mounts.delete(key));
    this.#mounts.set(key, entry);
    return entry;
  }

  /** Several claims share it, so none of their signals may abort it. The mount tool has a deadline of its own. */
  async #mount(code: CodeRef, path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const failure = await bindReadOnly(code.path, path, AbortSignal.timeout(5_000));
    if (failure !== null) throw new SandboxError('sandbox_start_failed', `package mount failed: ${failure}`);
  }
}

async function treeBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/** Workspaces never share a mount, even when the bytes are equal. */
function keyOf(code: CodeRef): string {
  return `${code.workspaceId}-${code.sha256}`;
}
