import { statfs } from 'node:fs/promises';
import type { Log } from '../domain/log.ts';

/**
 * Share of the disk in use at which accepts stop, and the share below which they go on. The two differ, so that the
 * answer does not flap.
 */
const FULL_AT = 0.95;
const RESUME_AT = 0.94;
const CHECK_EVERY_MS = 5_000;
/** Retention steps per check: some 10,000 records, about a second of the writer's time. */
const RETENTION_STEPS_MAX = 50;

export interface DiskGuardOptions {
  dataDir: string;
  /** One step of retention; 0 when it has nothing left to remove. */
  prune: () => Promise<number>;
  log: Log;
  /** Share of the disk in use, 0 to 1; reads the file system of `dataDir` when not given. */
  usedShare?: () => Promise<number>;
}

/**
 * Watches the disk of the data directory. At 95% in use retention runs first. If that does not help, `isFull` makes
 * admission refuse with `storage_full` until there is room again. `isFull` is a field: asking costs nothing.
 */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  #timer: NodeJS.Timeout | null = null;
  #checking: Promise<void> | null = null;
  isFull = false;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
  }

  /** Checks once, then every 5 s. */
  async start(): Promise<void> {
    await this.check();
    this.#timer = setInterval(() => void this.check(), CHECK_EVERY_MS).unref();
  }

  /** Waits for a check that is under way. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#checking;
  }

  /** One check at a time; never rejects. When the disk cannot be asked, the answer stays as it was. */
  check(): Promise<void> {
    this.#checking ??= this.#checkOnce().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async #checkOnce(): Promise<void> {
    const { log } = this.#options;
    try {
      let used = await this.#usedShare();
      for (let step = 0; used >= FULL_AT && step < RETENTION_STEPS_MAX; step++) {
        if ((await this.#prune()) === 0) break;
        used = await this.#usedShare();
      }
      const isFull = used >= (this.isFull ? RESUME_AT : FULL_AT);
      if (isFull !== this.isFull)
        log.warn({ used }, isFull ? 'the disk is full: accepts stop' : 'the disk has room again');
      this.isFull = isFull;
    } catch (error) {
      log.warn({ err: error }, 'the disk of the data directory could not be checked');
    }
  }

  /** A full disk may fail the retention itself. Then nothing is left to do but refuse. */
  async #prune(): Promise<number> {
    try {
      return await this.#options.prune();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'retention failed on a full disk');
      return 0;
    }
  }

  #usedShare(): Promise<number> {
    return (this.#options.usedShare ?? (() => diskUsedShare(this.#options.dataDir)))();
  }
}

/** As `df` counts it: blocks kept back for root are not available. */
async function diskUsedShare(path: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(path);
  const used = blocks - bfree;
  return used + bavail === 0 ? 1 : used / (used + bavail);
}
