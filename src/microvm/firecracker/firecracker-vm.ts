import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoxExit } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { LaunchedProcess } from '../../host/launch/launched-process.ts';
import type { GuestStreams, Vm, VmSnapshot } from '../vmm.ts';
import type { FirecrackerClient } from './api/firecracker-client.ts';
import { FirecrackerError } from './api/firecracker-error.ts';
import type { Cell } from './cell.ts';
import type { ConsoleTail } from './console-tail.ts';
import type { VsockPorts } from './vsock-ports.ts';

/** Names of a snapshot's files, in the cell and in the snapshot's directory. */
export const STATE_FILE = 'state';
export const MEMORY_FILE = 'memory';

export interface FirecrackerVmParts {
  id: string;
  cell: Cell;
  process: LaunchedProcess;
  client: FirecrackerClient;
  ports: VsockPorts;
  console: ConsoleTail;
}

/** A machine run by a Firecracker process of its own. */
export class FirecrackerVm implements Vm {
  readonly id: string;
  readonly exited: Promise<BoxExit>;
  readonly #parts: FirecrackerVmParts;
  readonly #ended = new AbortController();

  constructor(parts: FirecrackerVmParts) {
    this.id = parts.id;
    this.exited = parts.process.exited;
    this.#parts = parts;
    void this.exited.then(() => this.#ended.abort(new SandboxError('sandbox_start_failed', 'the monitor ended')));
  }

  async connect(signal: AbortSignal): Promise<GuestStreams> {
    try {
      return await this.#parts.ports.connected(AbortSignal.any([signal, this.#ended.signal]));
    } catch (cause) {
      throw startFailure('the guest did not connect', cause, this.lastWords());
    }
  }

  async snapshot(directory: string, signal: AbortSignal): Promise<VmSnapshot> {
    const { client, cell } = this.#parts;
    try {
      await client.pause(signal);
      await client.createSnapshot(
        { snapshot_path: STATE_FILE, mem_file_path: MEMORY_FILE, snapshot_type: 'Full' },
        signal,
      );
      const state = await cell.take(STATE_FILE, join(directory, STATE_FILE));
      const memory = await cell.take(MEMORY_FILE, join(directory, MEMORY_FILE));
      return { directory, bytes: state + memory };
    } catch (cause) {
      const full = (await isFull(cell.directory)) || (await isFull(directory)) || saysFull(cause);
      if (full) throw new SandboxError('storage_full', 'no space for a snapshot', { cause });
      throw startFailure('the snapshot failed', cause, this.lastWords());
    }
  }

  async swapCode(imagePath: string, signal: AbortSignal): Promise<void> {
    const { client, cell } = this.#parts;
    try {
      const path = await cell.showLate(imagePath, 'swapped');
      await client.patchDrive({ drive_id: 'code', path_on_host: path }, signal);
    } catch (cause) {
      throw startFailure('the code drive could not be swapped', cause, this.lastWords());
    }
  }

  lastWords(): string {
    return this.#parts.console.text;
  }

  kill(): void {
    this.#parts.process.kill();
  }

  async remove(signal: AbortSignal): Promise<void> {
    this.#parts.ports.close();
    await this.#parts.client.close();
    await this.#parts.cell.remove(signal);
  }
}

/** What went wrong with a monitor, with the end of what it printed, for our own log. */
export function startFailure(what: string, cause: unknown, lastWords: string): SandboxError {
  if (cause instanceof SandboxError && cause.code !== 'sandbox_start_failed') return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SandboxError('sandbox_start_failed', `${what}: ${reason} | ${lastWords.trim().slice(-500)}`, { cause });
}

function saysFull(error: unknown): boolean {
  if (error instanceof FirecrackerError) return /No space left|os error 28/i.test(error.message);
  return (error as NodeJS.ErrnoException).code === 'ENOSPC';
}

async function isFull(directory: string): Promise<boolean> {
  const { bavail } = await statfs(directory).catch(() => ({ bavail: 1 }));
  return bavail === 0;
}
