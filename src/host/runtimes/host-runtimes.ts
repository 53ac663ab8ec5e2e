import { chmod, mkdir, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { Log } from '../../domain/log.ts';
import { languageRow, OWN_RUNTIME, type RuntimeId } from '../../domain/runtimes.ts';
import { INSIDE } from '../launch/inside.ts';
import type { SharedTree } from '../slot/own-mounts.ts';
import { baseLibraries } from './base-libraries.ts';
import { findPythons, type HostPython } from './find-python.ts';
import { ROOT_LIBRARIES, ROOT_PROGRAMS } from './root-contents.ts';
import { sharedLibraries } from './shared-libraries.ts';
import { devicesIn, stageDevices } from './stage-devices.ts';
import { stageEtc, stageLocale } from './stage-etc.ts';
import { fingerprint, openToAll, stageFile, stageFolder } from './stage-file.ts';

const LINKER_CACHE = '/etc/ld.so.cache';
const TIME_ZONES = '/usr/share/zoneinfo';
/**
 * Folders that must exist in the read-only root: mount points, and one in which the dynamic linker looks from its start on. It remembers
 * for good which were missing.
 */
const FOLDERS = ['dev', 'proc', 'tmp', INSIDE.task, INSIDE.runtime, INSIDE.run, TIME_ZONES, 'opt/lib'];
/**
 * Changes with what is put into a root besides files of the host, so that an older root is not taken for a current one.
 */
const LAYOUT = 4;
/** Uid and gid of the one user a bubblewrap sandbox sees. */
export const SANDBOX_UID_INSIDE = 1000;

export interface HostRuntime {
  id: RuntimeId;
  /** Host path, usable by any uid. */
  interpreter: string;
  /** Path in `rootDir`, and so the path inside bubblewrap. */
  interpreterInside: string;
  /** The bootstrap program within a shims directory. */
  bootstrap: string;
  /** Host copy of the repository's runtimes/ folder, readable by any uid. */
  shimsDir: string;
  /** A minimal root file system: interpreter, its libraries, a few programs, configuration; nothing else of the host. */
  rootDir: string;
  /** The trees of a sandbox's root: `rootDir`, and mounted in it the shims, the standard library and time zones. */
  trees: SharedTree[];
  /** Names of our device nodes in `rootDir`. Empty when nodes cannot be made. */
  devices: string[];
}

export interface HostRuntimesOptions {
  runDir: string;
  /** The repository's runtimes/ folder. */
  shimsDir: string;
  log: Log;
  /** The Node 24 binary; the server's own by default. */
  nodeBinary?: string;
  /** Folders that are searched for python3 after the usual ones. */
  searchPath?: string[];
}

/**
 * The interpreters of this host made usable for sandbox uids: Node and the shims are staged into `<runDir>/rt` (the clone may
 * lie below a private home), Python is used where it is. What is staged carries a fingerprint of its sources in its name, so
 * a restart with nothing changed finds it and links nothing.
 */
export class HostRuntimes {
  readonly #options: HostRuntimesOptions;
  readonly #directory: string;
  readonly #runtimes = new Map<RuntimeId, HostRuntime>();
  #preparing: { done: Promise<void>; signal: AbortSignal } | null = null;

  constructor(options: HostRuntimesOptions) {
    this.#options = options;
    this.#directory = join(options.runDir, 'rt');
  }

  /** Runtimes offered; empty before `prepare`. */
  get ids(): RuntimeId[] {
    return [...this.#runtimes.keys()];
  }

  /**
   * Finds and stages; safe to repeat. Whoever asks while it is under way shares the work; when the signal that it runs
   * under aborts, the others begin anew. Rejects with SandboxError when not even Node can be staged, and on abort.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#preparing ??= { done: this.#prepare(signal), signal };
      const shared = this.#preparing;
      try {
        return await shared.done;
      } catch (cause) {
        if (this.#preparing === shared) this.#preparing = null;
        if (shared.signal.aborted && !signal.aborted) continue;
        if (cause instanceof SandboxError) throw cause;
        throw new SandboxError('sandbox_start_failed', 'runtimes of this host could not be staged', { cause });
      }
    }
  }

  /** Throws SandboxError `runtime_unavailable` for one this host does not offer. */
  get(id: RuntimeId): HostRuntime {
    const runtime = this.#runtimes.get(id);
    if (runtime === undefined) throw new SandboxError('runtime_unavailable', `no ${id} on this host`);
    return runtime;
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o711 });
    await chmod(this.#directory, 0o711);
    const shimsDir = await this.#staged('shims', await fingerprint([this.#options.shimsDir]), (target) =>
      stageFolder(this.#options.shimsDir, target),
    );
    const [node, pythons] = await Promise.all([
      this.#stageNode(shimsDir, signal),
      findPythons({ searchPath: this.#options.searchPath ?? [], signal }),
    ]);
    this.#runtimes.set(node.id, node);
    for (const python of pythons) {
      const runtime = await this.#stagePython(python, shimsDir, signal);
      this.#runtimes.set(runtime.id, runtime);
    }
    await this.#removeOthers(shimsDir);
    this.#options.log.info({ runtimes: this.ids }, 'runtimes of this host');
  }

  async #stageNode(shimsDir: string, signal: AbortSignal): Promise<HostRuntime> {
    const binary = this.#options.nodeBinary ?? process.execPath;
    const interpreterInside = '/usr/local/bin/node';
    const rootDir = await this.#stageRoot(OWN_RUNTIME, binary, interpreterInside, [], signal);
    return {
      id: OWN_RUNTIME,
      interpreter: join(rootDir, interpreterInside),
      interpreterInside,
      bootstrap: languageRow(OWN_RUNTIME).bootstrap,
      shimsDir,
      rootDir,
      trees: await treesOf(rootDir, shimsDir),
      devices: await devicesIn(rootDir),
    };
  }

  async #stagePython(
    { id, executable, stdlib }: HostPython,
    shimsDir: string,
    signal: AbortSignal,
  ): Promise<HostRuntime> {
    const extensions = await extensionModules(stdlib);
    const rootDir = await this.#stageRoot(id, executable, executable, extensions, signal);
    await mkdir(join(rootDir, stdlib), { recursive: true });
    return {
      id,
      interpreter: executable,
      interpreterInside: executable,
      bootstrap: languageRow(id).bootstrap,
      shimsDir,
      rootDir,
      trees: await treesOf(rootDir, shimsDir, stdlib),
      devices: await devicesIn(rootDir),
    };
  }

  async #stageRoot(id: RuntimeId, binary: string, inside: string, extensions: string[], signal: AbortSignal) {
    const programs = await findPrograms();
    const files = [{ source: binary, target: inside }, ...programs];
    const libraries = await baseLibraries(ROOT_LIBRARIES, signal);
    const needy = [...files.map(({ source }) => source), ...libraries, ...extensions];
    // The linker's cache is rewritten whenever a library is installed, so asking ldd can wait until something changed.
    const cache = (await stat(LINKER_CACHE).catch(() => null)) === null ? [] : [LINKER_CACHE];
    const print = await fingerprint([...needy, ...cache]);
    return this.#staged(id, `${LAYOUT}-${print}`, async (root) => {
      for (const path of FOLDERS) await mkdir(join(root, path), { recursive: true });
      const base = libraries.map((path) => ({ source: path, target: path }));
      for (const { source, target } of [...files, ...base, ...(await sharedLibraries(needy, signal))])
        await stageFile(source, join(root, merged(target)));
      await stageLinks(root, inside);
      await stageEtc(root, SANDBOX_UID_INSIDE);
      await stageLocale(root, libraries);
      await stageDevices(root, signal);
    });
  }

  /** Makes `<rt>/<name>-<print>` by `fill`, unless it is there. It appears whole or not at all. */
  async #staged(name: string, print: string, fill: (target: string) => Promise<void>): Promise<string> {
    const target = join(this.#directory, `${name}-${print}`);
    if ((await stat(target).catch(() => null)) !== null) return target;
    const draft = `${target}.draft-${process.pid}`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { mode: 0o755 });
    await chmod(draft, 0o755);
    await fill(draft);
    await openToAll(draft);
    await rename(draft, target);
    return target;
  }

  /** Removes what earlier starts staged from other sources. */
  async #removeOthers(shimsDir: string): Promise<void> {
    const used = new Set([shimsDir, ...[...this.#runtimes.values()].map(({ rootDir }) => rootDir)]);
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      if (!used.has(path)) await rm(path, { recursive: true, force: true });
    }
  }
}

/** In the root, /bin, /sbin and /lib* are links into /usr, whatever they are on the host. */
function merged(path: string): string {
  return path.replace(/^\/(bin|sbin|lib\w*)\//, '/usr/$1/');
}

async function stageLinks(root: string, interpreter: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  const python = /\/(python3)\.\d+$/.exec(interpreter)?.[1];
  if (python !== undefined) await symlink(interpreter, join(root, 'usr/bin', python)).catch(ignoreExisting);
}

async function findPrograms(): Promise<{ source: string; target: string }[]> {
  const found: { source: string; target: string }[] = [];
  for (const name of ROOT_PROGRAMS) {
    for (const directory of ['/usr/bin', '/bin', '/usr/sbin', '/sbin']) {
      const source = join(directory, name);
      if ((await stat(source).catch(() => null)) === null) continue;
      found.push({ source, target: join(directory.endsWith('sbin') ? '/usr/sbin' : '/usr/bin', name) });
      break;
    }
  }
  return found;
}

async function extensionModules(stdlib: string): Promise<string[]> {
  const directory = join(stdlib, 'lib-dynload');
  const names = await readdir(directory).catch(() => [] as string[]);
  return names.filter((name) => name.endsWith('.so')).map((name) => join(directory, name));
}

async function treesOf(rootDir: string, shimsDir: string, ...alike: string[]): Promise<SharedTree[]> {
  const trees = [
    { source: rootDir, at: '/' },
    { source: shimsDir, at: INSIDE.runtime },
    ...[...alike, TIME_ZONES].map((path) => ({ source: path, at: path })),
  ];
  const exists = await Promise.all(trees.map(({ source }) => stat(source).catch(() => null)));
  return trees.filter((_, n) => exists[n] !== null);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
