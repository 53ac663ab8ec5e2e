import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { RuntimeId } from '../../domain/names.ts';
import { shimFiles } from '../shim-files.ts';

/** Raised when the way images are made changes, so that an upgraded server asks for a new one. */
const RECIPE_VERSION = 3;

/** What a guest is made of; one image serves all runtimes and all monitors. */
export const GUEST_FILES = ['kernel', 'initramfs', 'rootfs'] as const;
export type GuestFile = (typeof GUEST_FILES)[number];

/** `manifest.json` beside the files. The image's digest is this file's hash, and its folder is named by it. */
export interface GuestManifest {
  recipe: string;
  runtimes: RuntimeId[];
  files: Record<GuestFile, { sha256: string; bytes: number }>;
}

export interface GuestImage {
  /** `sha256:...`, as receipts show it. */
  digest: string;
  runtimes: RuntimeId[];
  kernelPath: string;
  initramfsPath: string;
  rootfsPath: string;
}

export interface GuestImagesOptions {
  dataDir: string;
  runtimesDir: string;
  nodeVersion: string;
}

export type GuestImageSearch = { state: 'whole'; image: GuestImage } | { state: 'absent' | 'damaged'; detail: string };

/**
 * The guest image in the data directory, made by `coldframe setup`: `guest/current` names the folder of the newest. Everything
 * is checked against the hashes of its manifest before any of it is booted; a file that has not changed since is not read again.
 */
export class GuestImages {
  readonly #guestDir: string;
  readonly #options: GuestImagesOptions;
  /** Files found whole, keyed by what `stat` says of them. */
  readonly #checked = new Set<string>();

  constructor(options: GuestImagesOptions) {
    this.#options = options;
    this.#guestDir = join(options.dataDir, 'guest');
  }

  get directory(): string {
    return this.#guestDir;
  }

  /** What it was made with. */
  get about(): GuestImagesOptions {
    return this.#options;
  }

  /** The same for images in another directory. */
  below(dataDir: string): GuestImages {
    return new GuestImages({ ...this.#options, dataDir });
  }

  /**
   * A hash of everything of ours that goes into an image. An image with another recipe belongs to another version of
   * Coldframe.
   */
  async recipe(): Promise<string> {
    const hash = createHash('sha256').update(JSON.stringify([RECIPE_VERSION, this.#options.nodeVersion, process.arch]));
    for (const { name, content } of await shimFiles(this.#options.runtimesDir, { withGuest: true })) {
      hash.update(`\0${name}\0${content.length}\0`).update(content);
    }
    return hash.digest('hex').slice(0, 16);
  }

  /** Rejects only when the signal aborts. */
  async find(signal: AbortSignal): Promise<GuestImageSearch> {
    const folder = (await readFile(join(this.#guestDir, 'current'), 'utf8').catch(() => '')).trim();
    if (!/^[0-9a-f]{32}$/.test(folder)) return { state: 'absent', detail: 'No guest image has been made yet.' };
    const directory = join(this.#guestDir, folder);
    const text = await readFile(join(directory, 'manifest.json')).catch(() => Buffer.alloc(0));
    const digest = createHash('sha256').update(text).digest('hex');
    if (!digest.startsWith(folder)) return { state: 'damaged', detail: 'The manifest of the guest image is damaged.' };
    const manifest = JSON.parse(text.toString()) as GuestManifest;
    if (manifest.recipe !== (await this.recipe())) {
      return { state: 'absent', detail: 'The guest image was made for another version of Coldframe.' };
    }
    for (const file of GUEST_FILES) {
      if (await this.#isWhole(join(directory, file), manifest.files[file].sha256, signal)) continue;
      return { state: 'damaged', detail: `The ${file} of the guest image is damaged or missing.` };
    }
    return { state: 'whole', image: imageIn(directory, digest, manifest.runtimes) };
  }

  /**
   * The same image below `directory`, where sandbox uids can read it: linked, or copied from another file system.
   * Rejects with SandboxError `isolation_unavailable` when there is no image, `storage_full` when a copy does not fit.
   */
  async stage(directory: string, signal: AbortSignal): Promise<GuestImage> {
    const found = await this.find(signal);
    if (found.state !== 'whole') throw new SandboxError('isolation_unavailable', found.detail);
    const { image } = found;
    const target = join(directory, '.guest', image.digest.slice(-32));
    await mkdir(target, { recursive: true, mode: 0o711 });
    const staged = imageIn(target, image.digest.replace('sha256:', ''), image.runtimes);
    for (const path of ['kernelPath', 'initramfsPath', 'rootfsPath'] as const)
      await linkOrCopy(image[path], staged[path]);
    return staged;
  }

  async #isWhole(path: string, sha256: string, signal: AbortSignal): Promise<boolean> {
    const found = await stat(path).catch(() => null);
    if (found === null) return false;
    const known = `${path} ${found.ino} ${found.size} ${found.mtimeMs} ${sha256}`;
    if (this.#checked.has(known)) return true;
    const isWhole = (await hashOfFile(path, signal)) === sha256;
    if (isWhole) this.#checked.add(known);
    return isWhole;
  }
}

export async function hashOfFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function imageIn(directory: string, digest: string, runtimes: RuntimeId[]): GuestImage {
  return {
    digest: `sha256:${digest}`,
    runtimes,
    kernelPath: join(directory, 'kernel'),
    initramfsPath: join(directory, 'initramfs'),
    rootfsPath: join(directory, 'rootfs'),
  };
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    try {
      await copyFile(source, target);
    } catch (cause) {
      await rm(target, { force: true });
      const isFull = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
      throw new SandboxError(isFull ? 'storage_full' : 'isolation_unavailable', 'no guest image staged', { cause });
    }
  }
}
