import {
  chmodSync,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';

/**
 * Node has no name for this flag; its number is the same on every machine that Linux runs on here. It opens a name
 * without touching what it names.
 */
const O_PATH = 0o10000000;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;
const NAME_ONLY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Each level down holds two descriptors. What lies deeper than this is first moved up, so that no depth costs more. */
const DEPTH_MAX = 32;
/** How often a folder is read again. If it is still not empty then, somebody is still writing into it. */
const READINGS_MAX = 1_000;
/** How many names of what could not be removed are told. */
const LEFT_TOLD_MAX = 3;

/** What a removal came to: how many entries are left, and the first of them with their error codes. */
export interface Removal {
  left: number;
  told: string[];
}

/**
 * Removes `name` from the folder `parent`, step by step: each step is one entry, so that the caller can do other work between
 * them. Nothing is ever reached by a path that a stranger could have changed: every folder is opened by its name in an open
 * descriptor of the one above, without following links, and entries are named through that descriptor. Another file system
 * mounted in the tree is left alone. Of something that is not there it does nothing.
 */
export function* removal(parent: string, name: Buffer, onlyUid: number | null = null): Generator<void, Removal> {
  const walk = new Walk();
  // The folder above belongs to the caller: nobody hostile can change its path.
  const above = openIfThere(parent);
  if (above === null) return walk.result;
  try {
    if (onlyUid !== null && lstatSync(within(above, name), { throwIfNoEntry: false })?.uid !== onlyUid)
      return walk.result;
    yield* walk.entry(above, name, 0);
  } finally {
    closeSync(above);
  }
  return walk.result;
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

class Walk {
  readonly result: Removal = { left: 0, told: [] };
  /** The outermost folder. What lies too deep is moved into it. */
  #top: number | null = null;
  #device: number | null = null;
  #moved = 0;

  *entry(above: number, name: Buffer, depth: number): Generator<void> {
    yield;
    try {
      unlinkSync(within(above, name));
      return;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') return;
      // A folder reads as EISDIR, or as EPERM where the file system says so.
      if (code !== 'EISDIR' && code !== 'EPERM') return this.#leave(name, code);
    }
    let folder: number;
    try {
      folder = openSync(within(above, name), NAME_ONLY);
    } catch (error) {
      return this.#leave(name, codeOf(error));
    }
    try {
      yield* this.#folder(folder, name, depth);
    } finally {
      closeSync(folder);
    }
    try {
      rmdirSync(within(above, name));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#leave(name, codeOf(error));
    }
  }

  *#folder(folder: number, name: Buffer, depth: number): Generator<void> {
    const device = fstatSync(folder).dev;
    this.#device ??= device;
    if (device !== this.#device) return this.#leave(name, 'EXDEV');
    const isTop = this.#top === null;
    if (isTop) this.#top = folder;
    for (let reading = 0; reading < READINGS_MAX; reading++) {
      const before = this.result.left;
      const found = yield* this.#readOnce(folder, name, depth);
      // Entries that come and go while it is read may be missed, and the top one is given what lies too deep.
      if (found === 0 || this.result.left > before) break;
    }
    if (isTop) this.#top = null;
  }

  /** Reads a folder once and removes each entry on the way. Returns how many entries it had. */
  *#readOnce(folder: number, name: Buffer, depth: number): Generator<void, number> {
    let entries: ReturnType<typeof opendirSync>;
    try {
      entries = openedBy(folder);
    } catch (error) {
      this.#leave(name, codeOf(error));
      return 0;
    }
    let found = 0;
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        found++;
        const inside = (entry as unknown as Dirent<Buffer>).name;
        if (depth >= DEPTH_MAX && entry.isDirectory()) this.#moveUp(folder, inside);
        else yield* this.entry(folder, inside, depth + 1);
      }
    } finally {
      entries.closeSync();
    }
    return found;
  }

  /** A folder that lies too deep is moved to the outermost one, which is read again. */
  #moveUp(folder: number, name: Buffer): void {
    const target = Buffer.from(`.coldframe-removed-${this.#moved++}`);
    const from = within(folder, name);
    const to = within(this.#top as number, target);
    try {
      // Moving a folder rewrites its `..`, which needs permission to write in it.
      if (process.getuid?.() !== 0) giveLeave(from);
      renameSync(from, to);
    } catch (error) {
      this.#leave(name, codeOf(error));
    }
  }

  #leave(name: Buffer, code: string): void {
    this.result.left++;
    if (this.result.told.length < LEFT_TOLD_MAX) this.result.told.push(`${name.toString('utf8')} (${code})`);
  }
}

/**
 * Opens a folder for reading. When we own it and may not read it, we give ourselves permission. Emptying it also needs
 * writing and passing.
 */
function openedBy(folder: number): ReturnType<typeof opendirSync> {
  const path = `/proc/self/fd/${folder}`;
  const mode = fstatSync(folder).mode;
  if (process.getuid?.() !== 0 && (mode & 0o700) !== 0o700) chmodSync(path, 0o700);
  // Checks that it is a folder and can be read, with an error that names the reason.
  closeSync(openSync(path, DIRECTORY));
  return opendirSync(path, { encoding: 'buffer' as BufferEncoding });
}

/** Gives the owner permission over a folder, which is named without following links. */
function giveLeave(path: Buffer): void {
  const folder = openSync(path, NAME_ONLY);
  try {
    chmodSync(`/proc/self/fd/${folder}`, 0o700);
  } finally {
    closeSync(folder);
  }
}

/** A name in an open folder, whatever its bytes; the kernel looks the folder up by the descriptor alone. */
function within(folder: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
