import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeRef } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { bindAgain, bindReadOnly, unmount } from './mounts.ts';

/** Package mounts kept without a user, so that a function called now and then needs one mount call per claim. */
const IDLE_MAX = 64;

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

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Binds the package at `target`. Rejects with SandboxError; otherwise `release` must follow. */
  async bindAt(code: CodeRef, target: string, signal: AbortSignal): Promise<void> {
    const entry = this.#entry(code);
    entry.users++;
    try {
      await entry.ready;
      const failure = await bindAgain(entry.path, target, signal);
      if (failure !== null) throw new SandboxError('sandbox_start_failed', `bind failed: ${failure}`);
    } catch (error) {
      await this.release(code);
      throw error;
    }
  }

  /** Ends one use; the caller has unmounted its bind. */
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

  /** Shared by several claims, so none of their signals may abort it: it has the mount tool's own deadline. */
  async #mount(code: CodeRef, path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const failure = await bindReadOnly(code.path, path, AbortSignal.timeout(5_000));
    if (failure !== null) throw new SandboxError('sandbox_start_failed', `package mount failed: ${failure}`);
  }
}

/** Never shared across workspaces, even where the bytes are equal. */
function keyOf(code: CodeRef): string {
  return `${code.workspaceId}-${code.sha256}`;
}
