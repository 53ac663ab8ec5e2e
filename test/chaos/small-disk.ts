import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 1024 * 1024;

/** A file system of its own, small enough to fill: a tmpfs in a temporary directory (needs root). */
export class SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'coldframe-disk-'));
  readonly #ballast = join(this.path, 'ballast');

  constructor(sizeMib: number) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=0700`, 'tmpfs', this.path]);
  }

  /** Leaves `freeBytes`, or nothing. */
  fill(freeBytes = 0): void {
    const { bavail, bsize } = statfsSync(this.path);
    const bytes = bavail * bsize - freeBytes;
    for (let written = 0; written < bytes; written += MIB) {
      try {
        writeFileSync(this.#ballast, Buffer.alloc(Math.min(MIB, bytes - written)), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        return;
      }
    }
  }

  free(): void {
    truncateSync(this.#ballast, 0);
  }

  makeReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.path]);
  }

  /** A folder alone, which works while other files are open for writing; a remount of the whole is refused then. */
  lockFolder(name: string): void {
    const folder = join(this.path, name);
    execFileSync('mount', ['--bind', folder, folder]);
    execFileSync('mount', ['-o', 'remount,bind,ro', folder]);
  }

  unlockFolder(name: string): void {
    execFileSync('umount', ['--lazy', join(this.path, name)]);
  }

  remove(): void {
    execFileSync('umount', ['--lazy', this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}
