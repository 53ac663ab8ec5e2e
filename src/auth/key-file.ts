import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ColdframeError } from '../errors/coldframe-error.ts';

/**
 * The text of a key file of ours, whose mode is narrowed to 0600. Null when there is none. Throws `data_dir_unusable`.
 */
export function readKeyFile(path: string): string | null {
  try {
    const stat = statSync(path);
    if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o600);
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ColdframeError('data_dir_unusable', { cause: error });
  }
}

/**
 * Writes a new key file, mode 0600. It is on disk when this returns. A crash leaves either no file or a whole one, and
 * a file that appeared meanwhile is never replaced. Throws `data_dir_unusable`.
 */
export function writeKeyFile(path: string, text: string): void {
  const temporary = `${path}.new`;
  try {
    rmSync(temporary, { force: true });
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, `${text}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, path);
    rmSync(temporary);
    syncFolder(dirname(path));
  } catch (error) {
    throw new ColdframeError('data_dir_unusable', { cause: error });
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
