import { createWriteStream } from 'node:fs';
import { chmod, chown, rm, stat } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BoxExit } from '../../contract/driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { LaunchedProcess } from '../../host/launch/launched-process.ts';
import { pause } from '../../host/pause.ts';
import type { GuestStreams, Machine, Vm, VmSnapshot } from '../vmm.ts';
import { CODE_NODE, CONNECTIONS, driveNode, imageNode } from './qemu-arguments.ts';
import { QmpClient } from './qmp-client.ts';

/** File of a snapshot directory: memory and devices in QEMU's own format. */
export const MIGRATION_FILE = 'state';
const LAST_WORDS_MAX_CHARS = 4_000;
/** Pause between looks at a migration, or at a run state that has no event we wait for. */
const LOOK_MS = 5;
/** In bytes a second, and so high that it limits nothing. The default is meant for networks. */
const UNTHROTTLED = 1 << 30;

/** One QEMU process. */
export class QemuVm implements Vm {
  readonly id: string;
  readonly #machine: Machine;
  readonly #process: LaunchedProcess;
  readonly #connections: Record<(typeof CONNECTIONS)[number], Duplex>;
  readonly #qmp: QmpClient;
  #lastWords = '';
  #areStreamsTaken = false;

  constructor(machine: Machine, process: LaunchedProcess) {
    this.id = machine.id;
    this.#machine = machine;
    this.#process = process;
    const ends = process.connections;
    this.#connections = Object.fromEntries(CONNECTIONS.map((name, index) => [name, ends[index]])) as never;
    // A machine that dies breaks these connections. `exited` tells of it.
    for (const end of ends) end.on('error', () => undefined);
    this.#qmp = new QmpClient(this.#connections.qmp);
    for (const output of [this.#connections.console, process.output]) {
      output?.setEncoding('latin1').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_MAX_CHARS);
      });
    }
  }

  get exited(): Promise<BoxExit> {
    return this.#process.exited;
  }

  /** Resolves when QEMU takes commands. Rejects with its output when it ends first. */
  async open(signal: AbortSignal): Promise<void> {
    const ended = this.exited.then((exit) => {
      throw new SandboxError('sandbox_start_failed', `QEMU ended (${exit.cause}): ${this.#lastWords.trim()}`);
    });
    ended.catch(() => undefined);
    await Promise.race([this.#qmp.open(signal).catch((error) => this.#orItsEnd(error, ended)), ended]);
  }

  /** After a start from a snapshot: waits until the state is read, and then lets the machine run. */
  async resumeRestored(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { status } = (await this.#qmp.execute('query-status', {}, signal)) as { status: string };
      if (status !== 'inmigrate') break;
      await pause(LOOK_MS, signal);
    }
    await this.#qmp.execute('cont', {}, signal);
  }

  connect(signal: AbortSignal): Promise<GuestStreams> {
    signal.throwIfAborted();
    if (this.#areStreamsTaken) throw new SandboxError('sandbox_illegal_state', 'connect twice');
    this.#areStreamsTaken = true;
    const { control, channel, stdout, stderr } = this.#connections;
    return Promise.resolve({ control, channel, stdout, stderr });
  }

  async snapshot(directory: string, signal: AbortSignal): Promise<VmSnapshot> {
    const path = join(directory, MIGRATION_FILE);
    await this.#qmp.execute('stop', {}, signal);
    await this.#qmp.execute('migrate-set-parameters', { 'max-bandwidth': UNTHROTTLED }, signal);
    const socketPath = join(this.#machine.directory, 'migrate');
    const received = await this.#receive(socketPath, path, signal);
    try {
      await this.#qmp.execute('migrate', { uri: `unix:${socketPath}` }, signal);
      await received.done;
      await this.#migrated(signal);
      await chmod(path, 0o444);
      return { directory, bytes: (await stat(path)).size };
    } catch (cause) {
      await rm(path, { force: true });
      const code = (cause as NodeJS.ErrnoException).code === 'ENOSPC' ? 'storage_full' : 'sandbox_start_failed';
      if (cause instanceof SandboxError) throw cause;
      throw new SandboxError(code, 'the snapshot could not be written', { cause });
    } finally {
      received.close();
      await rm(socketPath, { force: true });
    }
  }

  async swapCode(imagePath: string, signal: AbortSignal): Promise<void> {
    const node = `${CODE_NODE}-image`;
    await this.#qmp.execute('blockdev-add', imageNode(node, imagePath), signal);
    await this.#qmp.execute('blockdev-reopen', { options: [driveNode(CODE_NODE, node)] }, signal);
  }

  lastWords(): string {
    return this.#lastWords;
  }

  kill(): void {
    this.#process.kill();
  }

  async remove(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.exited;
    for (const end of Object.values(this.#connections)) end.destroy();
  }

  /** QEMU writes into a socket of ours, because its seccomp sandbox lets it start nothing and its uid owns no file. */
  async #receive(socketPath: string, path: string, signal: AbortSignal) {
    const server = createServer();
    const done = new Promise<void>((resolve, reject) => {
      server.once('connection', (socket: Socket) => {
        server.close();
        pipeline(socket, createWriteStream(path, { mode: 0o600 }), { signal }).then(resolve, reject);
      });
      server.once('error', reject);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    done.catch(() => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
    if (this.#machine.uid !== null) {
      await chown(socketPath, 0, this.#machine.uid);
      await chmod(socketPath, 0o660);
    }
    return { done, close: () => server.close() };
  }

  async #migrated(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { status } = (await this.#qmp.execute('query-migrate', {}, signal)) as { status: string };
      if (status === 'completed') return;
      if (status === 'failed' || status === 'cancelled') {
        throw new SandboxError('sandbox_start_failed', `the snapshot ended as ${status}`);
      }
      await pause(LOOK_MS, signal);
    }
  }

  /** A broken connection is most often the first sign of an end; the end itself says more. */
  async #orItsEnd(error: unknown, ended: Promise<never>): Promise<never> {
    await Promise.race([ended, pause(500, AbortSignal.timeout(1_000))]);
    throw error;
  }
}
