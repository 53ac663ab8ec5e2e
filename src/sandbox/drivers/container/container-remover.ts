import type { Log } from '../../../domain/log.ts';
import { ENGINE_DEADLINES_MS, type EngineClient } from '../../../host/docker/engine-client.ts';
import { pause } from '../../../host/pause.ts';

/** Tries within one `remove`, with growing waits between them (0.1 + 0.2 + ... seconds). */
const TRIES_MAX = 4;
const FIRST_WAIT_MS = 100;
/**
 * A create whose answer was lost may still be carried out. A name is looked for this often before it counts as never
 * made.
 */
const LOOKS_IN_DOUBT = 4;
/**
 * The daemon knows a killed container as ended well within this. A container that takes longer is removed by force all
 * the same.
 */
const END_SEEN_DEADLINE_MS = 3_000;
/** Pause between rounds for names that could not be removed, in milliseconds. */
const ROUND_MS = 5_000;
/** Names remembered for later rounds. There are never more containers alive at once. */
const OWED_MAX = 10_000;

export interface RemoveOptions {
  inDoubt: boolean;
  isKilled: boolean;
  signal: AbortSignal;
}

/**
 * Removes containers by name, with retries, and remembers those a lost daemon still owes us: they are tried again in the
 * background until they are gone or the remover is closed. A restart finds the rest by their labels.
 */
export class ContainerRemover {
  readonly #engine: EngineClient;
  readonly #log: Log;
  readonly #owed = new Map<string, (() => void) | null>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(engine: EngineClient, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  /** Containers that should be gone and may not be. */
  get owedCount(): number {
    return this.#owed.size;
  }

  /**
   * Resolves when the container is gone. `inDoubt`: its create got no answer, so its absence is checked again.
   * `isKilled`: all its processes were sent SIGKILL without the daemon, so the daemon's word of the end is waited for
   * first. Rejects with an EngineError after the last try.
   */
  async remove(name: string, options: RemoveOptions): Promise<void> {
    let looks = options.inDoubt ? LOOKS_IN_DOUBT : 1;
    if (options.isKilled && !options.inDoubt) await this.#seenEnded(name, options.signal);
    let waitMs = FIRST_WAIT_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        const call = { signal: options.signal, deadlineMs: ENGINE_DEADLINES_MS.change };
        if ((await this.#engine.removeContainer(name, call)) || --looks <= 0) return;
      } catch (error) {
        if (options.signal.aborted || attempt >= TRIES_MAX) throw error;
      }
      await pause(waitMs, options.signal);
      waitMs *= 2;
    }
  }

  /**
   * The daemon kills a container that still counts as running before it removes it by force. When that kill meets the
   * deaths of hundreds of processes (a fork bomb under gVisor), containerd's shim was seen to need up to a minute.
   */
  async #seenEnded(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#engine.waitContainer(name, { signal, deadlineMs: END_SEEN_DEADLINE_MS });
    } catch (error) {
      this.#log.debug({ container: name, error: String(error) }, 'the end of a killed container was not seen');
    }
  }

  /** Hands over a container that could not be removed now; `onGone` runs once it is. */
  owe(name: string, onGone: (() => void) | null = null): void {
    if (this.#closed || this.#owed.size >= OWED_MAX) return;
    this.#owed.set(name, onGone);
    this.#schedule();
  }

  /** One round over everything owed; never rejects. */
  async settle(signal: AbortSignal): Promise<void> {
    for (const [name, onGone] of [...this.#owed]) {
      try {
        await this.#engine.removeContainer(name, { signal, deadlineMs: ENGINE_DEADLINES_MS.change });
        this.#owed.delete(name);
        onGone?.();
      } catch (error) {
        this.#log.debug({ container: name, error: String(error) }, 'a container could not be removed yet');
        // The next removal would fail by the same daemon, and each failure costs a deadline.
        return;
      }
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#owed.clear();
  }

  #schedule(): void {
    if (this.#timer !== null || this.#closed) return;
    this.#timer = setTimeout(async () => {
      await this.settle(AbortSignal.timeout(ENGINE_DEADLINES_MS.change));
      this.#timer = null;
      if (this.#owed.size > 0) this.#schedule();
    }, ROUND_MS);
    this.#timer.unref();
  }
}
