import { constants, openSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { runTool, TOOL_DEADLINE_MS } from '../run-tool.ts';

export const STDOUT_NAME = 'out';
export const STDERR_NAME = 'err';
/** The sandbox's group may write. Nobody but the host may read. */
const FIFO_MODE = 0o620;

/**
 * Makes both FIFOs of a sandbox in `directory`, writable by `gid`. When `gid` is null, only the server's own user may
 * write.
 */
export async function makeOutputFifos(directory: string, gid: number | null, signal: AbortSignal): Promise<void> {
  const paths = [join(directory, STDOUT_NAME), join(directory, STDERR_NAME)];
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
  const made = await runTool('mkfifo', ['-m', '600', ...paths], limit);
  signal.throwIfAborted();
  if (made.exitCode !== 0) throw new SandboxError('sandbox_start_failed', `mkfifo failed: ${made.stderr.trim()}`);
  if (gid === null) return;
  for (const path of paths) {
    await chown(path, 0, gid);
    await chmod(path, FIFO_MODE);
  }
}

/**
 * The host's end. Opened for reading and writing, so that it neither waits for a writer nor ends when the last one
 * leaves: what children write after the shim's death still arrives. The stream ends only when destroyed.
 */
export function openOutputFifo(path: string): Readable {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}
