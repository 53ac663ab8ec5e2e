import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeRef } from '../contract/driver.ts';
import { SandboxError } from '../contract/sandbox-error.ts';
import { MIB } from '../domain/limits.ts';
import { runTool } from '../host/run-tool.ts';

/**
 * The size that every code drive claims; files are sparse. A package has at most 250 MiB unpacked, and so has a
 * dependency set.
 */
const DRIVE_BYTES = 768 * MIB;
/** Uncompressed: a claim waits for the image, and the host's page cache serves it. */
const FORMAT = ['-noI', '-noD', '-noF', '-noX', '-no-fragments', '-no-xattrs'];
/** Equal trees give equal images: no times, no owners, one thread that writes in order. */
const REPEATABLE = ['-mkfs-time', '0', '-all-time', '0', '-all-root', '-processors', '1', '-no-exports'];
const BUILD_DEADLINE_MS = 60_000;
/** What mksquashfs may hold; by itself it takes a quarter of the host's memory. */
const MEMORY_MAX = '128M';

/** Images kept for the next sandbox of the same code. The least recently used one goes first. */
export interface CodeDiskBounds {
  bytesMax: number;
  imagesMax: number;
}
const BOUNDS: CodeDiskBounds = { bytesMax: 1024 * MIB, imagesMax: 256 };

interface Disk {
  path: string;
  bytes: number;
}

/**
 * Code as read-only disk images, one per package and workspace, made when first needed and linked into each machine's own
 * directory, so that no machine can reach another's. An image appears under its name only when it is whole.
 */
export class CodeDisks {
  readonly #directory: string;
  readonly #bounds: CodeDiskBounds;
  /** In order of use. A build in flight is also here, so that callers at the same time share it. */
  readonly #disks = new Map<string, Promise<Disk>>();
  #empty: Promise<string> | null = null;

  constructor(directory: string, bounds: CodeDiskBounds = BOUNDS) {
    this.#directory = directory;
    this.#bounds = bounds;
  }

  /** An image with nothing in it, readable by every sandbox. It is for a machine that has no function yet. */
  empty(): Promise<string> {
    this.#empty ??= this.#makeEmpty().catch((error) => {
      this.#empty = null;
      throw error;
    });
    return this.#empty;
  }

  /**
   * Links the image of a package to `target`. Rejects with SandboxError `storage_full` when the disk is full, else
   * `sandbox_start_failed`; nothing half-made is left. An abort does not stop a build that others wait for.
   * `sandbox_start_failed`; nothing half-made is left. Aborting leaves a build that others wait for alone.
   */
  async place(code: CodeRef, target: string, signal: AbortSignal): Promise<void> {
    const key = `${code.workspaceId}-${code.sha256}`;
    for (let attempt = 0; ; attempt++) {
      const disk = await this.#disk(key, code);
      signal.throwIfAborted();
      try {
        await link(disk.path, target);
        return;
      } catch (cause) {
        // Evicted between the two steps.
        const isGone = (cause as NodeJS.ErrnoException).code === 'ENOENT' && attempt === 0;
        if (!isGone) throw new SandboxError('sandbox_start_failed', 'a code disk cannot be linked', { cause });
        this.#disks.delete(key);
      }
    }
  }

  #disk(key: string, code: CodeRef): Promise<Disk> {
    const known = this.#disks.get(key);
    const disk = known ?? this.#build(code.path);
    this.#disks.delete(key);
    this.#disks.set(key, disk);
    if (known === undefined) {
      disk.then(
        () => this.#evict(),
        () => this.#disks.delete(key),
      );
    }
    return disk;
  }

  async #evict(): Promise<void> {
    let bytes = 0;
    const kept = [...this.#disks].reverse();
    for (const [index, [key, disk]] of kept.entries()) {
      const { path, bytes: size } = await disk.catch(() => ({ path: null, bytes: 0 }));
      bytes += size;
      if (path === null || index === 0 || (bytes <= this.#bounds.bytesMax && index < this.#bounds.imagesMax)) continue;
      if (this.#disks.get(key) === disk) this.#disks.delete(key);
      await rm(path, { force: true });
    }
  }

  async #makeEmpty(): Promise<string> {
    const source = join(this.#directory, 'nothing');
    await mkdir(source, { recursive: true });
    const disk = await this.#build(source);
    return disk.path;
  }

  async #build(source: string): Promise<Disk> {
    await mkdir(this.#directory, { recursive: true, mode: 0o711 });
    // Only root can list the directory, and no name can be guessed.
    const path = join(this.#directory, `${randomBytes(16).toString('hex')}.img`);
    const partial = `${path}.partial`;
    try {
      await makeImage(source, partial);
      await truncate(partial, DRIVE_BYTES);
      const file = await open(partial, 'r+');
      await file.chmod(0o444);
      await file.close();
      await rename(partial, path);
      return { path, bytes: (await stat(path)).blocks * 512 };
    } catch (cause) {
      await rm(partial, { force: true });
      if (cause instanceof SandboxError) throw cause;
      throw new SandboxError(isFull(String(cause)) ? 'storage_full' : 'sandbox_start_failed', 'no code disk', {
        cause,
      });
    }
  }
}

async function makeImage(source: string, target: string): Promise<void> {
  const args = [source, target, ...FORMAT, ...REPEATABLE, '-mem', MEMORY_MAX, '-quiet', '-no-progress'];
  const made = await runTool('mksquashfs', args, AbortSignal.timeout(BUILD_DEADLINE_MS));
  if (made.exitCode === 0) return;
  const reason = `${made.stderr}${made.stdout}`.trim().slice(-500);
  throw new SandboxError(isFull(reason) ? 'storage_full' : 'sandbox_start_failed', `mksquashfs failed: ${reason}`);
}

function isFull(reason: string): boolean {
  return /No space left|ENOSPC|EDQUOT|Disk quota/i.test(reason);
}
