import { statfs } from 'node:fs/promises';
import { ColdframeError } from '../../../errors/coldframe-error.ts';

/** What uploads leave free on the disk, for the store and for what running functions write. */
const KEPT_FREE_BYTES = 256 * 1024 * 1024;
/** The disk is asked again whenever an upload has brought so much more than it promised, or than the last look covers. */
const LOOK_EVERY_BYTES = 8 * 1024 * 1024;

/** Bytes an upload may still bring; `bytes` has come. */
export interface PlaceOnDisk {
  /** Throws `storage_full` when the disk has no room for more. */
  grow(bytes: number): Promise<void>;
  leave(): void;
}

/**
 * The room uploads have on the disk of the data directory: looked at before the first byte, with what other uploads have been
 * promised taken off, and again while bytes arrive.
 */
export class UploadRoom {
  readonly #freeBytes: (path: string) => Promise<number>;
  #promisedBytes = 0;

  constructor(freeBytes: (path: string) => Promise<number> = freeBytesOf) {
    this.#freeBytes = freeBytes;
  }

  /** For an upload of so many bytes, 0 when it does not say. Throws `storage_full`. */
  async enter(path: string, expectedBytes: number): Promise<PlaceOnDisk> {
    let promisedBytes = Math.max(expectedBytes, LOOK_EVERY_BYTES);
    this.#promisedBytes += promisedBytes;
    const leave = (): void => {
      this.#promisedBytes -= promisedBytes;
      promisedBytes = 0;
    };
    await this.#look(path).catch((error: unknown) => {
      leave();
      throw error;
    });
    let sinceLookBytes = 0;
    return {
      leave,
      grow: async (bytes) => {
        const kept = Math.min(bytes, promisedBytes);
        promisedBytes -= kept;
        this.#promisedBytes -= kept;
        sinceLookBytes += bytes;
        if (sinceLookBytes < LOOK_EVERY_BYTES) return;
        sinceLookBytes = 0;
        await this.#look(path);
      },
    };
  }

  async #look(path: string): Promise<void> {
    if ((await this.#freeBytes(path)) - this.#promisedBytes < KEPT_FREE_BYTES) throw new ColdframeError('storage_full');
  }
}

async function freeBytesOf(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
