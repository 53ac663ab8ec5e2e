import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { Log } from '../../domain/log.ts';
import { isOlder } from '../epoch.ts';
import { TOOL_DEADLINE_MS } from '../run-tool.ts';
import { makeSharedMount, mountsUnder, unmount } from './mounts.ts';
import { canBeLower, makeOwnMounts, ownMountPoints } from './own-mounts.ts';
import { PackageMounts } from './package-mounts.ts';
import { removeTree } from './remove-tree.ts';
import { Slot, type SlotOwner } from './slot.ts';

/** Socket paths are capped at 108 bytes; `<runDir>/<epoch>/<sandboxId>/ch/s` must fit. */
const SOCKET_PATH_MAX_BYTES = 107;

export interface SlotTreeOptions {
  runDir: string;
  epoch: string;
  log: Log;
}

/**
 * All slot directories of this start: `<runDir>/<epoch>/<sandboxId>/{ch,code}`. As root the run directory is made a shared
 * mount of its own, so that a package bound into a slot at claim shows up inside a sandbox that is already running; where
 * that is not possible code is linked or copied instead.
 */
export class SlotTree {
  readonly #runDir: string;
  readonly #epoch: string;
  readonly #log: Log;
  #packages: PackageMounts | null = null;
  #emptyDir: string | null = null;
  #prepared: Promise<void> | null = null;

  constructor(options: SlotTreeOptions) {
    this.#runDir = options.runDir;
    this.#epoch = options.epoch;
    this.#log = options.log;
  }

  get epochDir(): string {
    return join(this.#runDir, this.#epoch);
  }

  /** True, once prepared, when binds made on the host appear in running sandboxes. */
  get canBind(): boolean {
    return this.#packages !== null;
  }

  /**
   * Makes the directories and, as root, the shared mount. Safe to repeat. Every `create` waits for it, and none may
   * abort it.
   */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error) => {
      this.#prepared = null;
      throw error;
    });
    return this.#prepared;
  }

  /** A fresh slot for the sandbox. Rejects with SandboxError `sandbox_start_failed`; nothing is left then. */
  async create(sandboxId: string, owner: SlotOwner, signal: AbortSignal): Promise<Slot> {
    await this.prepare();
    signal.throwIfAborted();
    const directory = join(this.epochDir, sandboxId);
    if (Buffer.byteLength(join(directory, 'ch', 's')) > SOCKET_PATH_MAX_BYTES) {
      throw new SandboxError('sandbox_start_failed', `socket path too long: ${directory}/ch/s`);
    }
    const slot = new Slot({ directory, owner, packages: this.#packages, emptyDir: this.#emptyDir });
    try {
      await slot.make(signal);
      return slot;
    } catch (cause) {
      await slot.remove(AbortSignal.timeout(5_000)).catch(() => undefined);
      if (cause instanceof SandboxError || signal.aborted) throw cause;
      throw new SandboxError('sandbox_start_failed', `slot ${directory} cannot be made`, { cause });
    }
  }

  /** Unmounts and deletes what older epochs left. Returns how many epochs. */
  async reapOlder(signal: AbortSignal): Promise<number> {
    const names = await readdir(this.#runDir).catch(() => [] as string[]);
    let reaped = 0;
    for (const name of names) {
      if (!/^e[0-9a-z]+$/.test(name) || !isOlder(name, this.#epoch)) continue;
      try {
        await this.#removeEpoch(join(this.#runDir, name), signal);
        reaped++;
      } catch (error) {
        this.#log.warn({ epoch: name, error: String(error) }, 'slots of an earlier start could not be removed yet');
      }
    }
    return reaped;
  }

  /** For a graceful stop, after the last slot has gone: removes this epoch and the shared mount. */
  async close(signal: AbortSignal): Promise<void> {
    this.#prepared = null;
    this.#packages = null;
    this.#emptyDir = null;
    await this.#removeEpoch(this.epochDir, signal);
    const own = mountsUnder(await readMounts(), this.#runDir).filter((mountPoint) => mountPoint === this.#runDir);
    for (const mountPoint of own) await unmount(mountPoint, signal);
  }

  async #prepare(): Promise<void> {
    await mkdir(this.epochDir, { recursive: true, mode: 0o711 });
    await chmod(this.#runDir, 0o711);
    await chmod(this.epochDir, 0o711);
    if (process.getuid?.() !== 0) return;
    const failure = await makeSharedMount(this.#runDir);
    if (failure !== null) {
      const sense = 'no shared mount: code is linked or copied into sandboxes instead of bound';
      return this.#log.info({ reason: failure }, sense);
    }
    this.#packages = new PackageMounts(join(this.epochDir, '.pkg'));
    const refusal = await this.#tryOverlay();
    if (refusal !== null)
      this.#log.info({ reason: refusal }, 'no overlays: bubblewrap sandboxes share the files of their runtime');
  }

  /** Null when overlays can be mounted here, else the reason. */
  async #tryOverlay(): Promise<string | null> {
    const emptyDir = join(this.epochDir, '.empty');
    await mkdir(emptyDir, { recursive: true, mode: 0o755 });
    if (!canBeLower(emptyDir)) return 'the path of the run directory has a colon, comma or backslash';
    const trialDir = await mkdtemp(join(this.epochDir, '.overlay-'));
    const own = { temp: null, root: [{ source: trialDir, at: '/' }] };
    const failure = await makeOwnMounts(trialDir, own, emptyDir, AbortSignal.timeout(TOOL_DEADLINE_MS));
    const { rootDir, terminalsDir } = ownMountPoints(trialDir, own);
    const made = [rootDir, terminalsDir].filter((path) => path !== null);
    await unmount(made, AbortSignal.timeout(TOOL_DEADLINE_MS));
    await rm(trialDir, { recursive: true });
    if (failure === null) this.#emptyDir = emptyDir;
    return failure;
  }

  async #removeEpoch(directory: string, signal: AbortSignal): Promise<void> {
    for (const mountPoint of mountsUnder(await readMounts(), directory)) await unmount(mountPoint, signal);
    signal.throwIfAborted();
    if (mountsUnder(await readMounts(), directory).length > 0) throw new Error('still mounted');
    await removeTree(directory, signal);
  }
}

function readMounts(): Promise<string> {
  return readFile('/proc/self/mountinfo', 'utf8');
}
