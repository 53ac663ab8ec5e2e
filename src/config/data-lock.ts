import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ColdframeError } from '../errors/coldframe-error.ts';

const FLOCK_TIMEOUT_MS = 5_000;

/**
 * Takes the exclusive lock of a data directory, held until this process ends, however it ends. Throws `data_dir_locked`
 * when another server holds it. The lock is the kernel's (flock on an inherited descriptor, taken by util-linux's `flock`
 * on our open file and kept by us); where that tool is missing a pid file with a liveness check stands in.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  const path = join(dataDir, 'lock');
  const fd = openSync(path, 'a', 0o600);
  const result = spawnSync('flock', ['--exclusive', '--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    timeout: FLOCK_TIMEOUT_MS,
  });
  if (result.status === 0) return { release: () => closeSync(fd) };
  closeSync(fd);
  if (result.status === 1) throw new ColdframeError('data_dir_locked');
  return lockByPidFile(join(dataDir, 'lock.pid'));
}

function lockByPidFile(path: string): { release(): void } {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new ColdframeError('data_dir_unusable', { cause: error });
    const holder = Number(readFileSync(path, 'utf8'));
    if (holder > 0 && holder !== process.pid && isRunning(holder)) throw new ColdframeError('data_dir_locked');
    writeFileSync(path, String(process.pid));
  }
  return { release: () => rmSync(path, { force: true }) };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
