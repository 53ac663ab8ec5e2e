import type { Log } from '../../domain/log.ts';
import type { PooledSandbox } from '../state/pooled-sandbox.ts';

/** A bound sandbox with nothing in flight runs on for this long, so that short gaps between calls cost nothing. */
const FREEZE_AFTER_MS = 100;
/** How often the awake are looked at; a sandbox freezes 100 to 150 ms after its last call. */
const LOOK_EVERY_MS = 50;

/**
 * Freezes bound sandboxes that have nothing to do: one timer for all, running only while some are awake. A release does
 * not touch it (the sandbox is in the set already), so the warm path pays nothing; a thaw puts the sandbox back in.
 * Ruled out: freezing one that was lent between the look and the write (both are synchronous), and freezing a dead one.
 */
export class Freezer {
  readonly #awake = new Set<PooledSandbox>();
  readonly #log: Log;
  readonly #onBroken: (entry: PooledSandbox) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Log, onBroken: (entry: PooledSandbox) => void) {
    this.#log = log;
    this.#onBroken = onBroken;
  }

  watch(entry: PooledSandbox): void {
    if (!entry.sandboxClass.driver.capabilities.pause) return;
    this.#awake.add(entry);
    this.#timer ??= setInterval(() => this.#freezeIdle(), LOOK_EVERY_MS).unref();
  }

  forget(entry: PooledSandbox): void {
    this.#awake.delete(entry);
    if (this.#awake.size === 0) this.stop();
  }

  /** False when it cannot be thawed: then it must not be used. */
  thaw(entry: PooledSandbox): boolean {
    try {
      entry.sandbox.resume();
    } catch (error) {
      this.#log.warn({ sandboxId: entry.sandbox.id, err: error }, 'a frozen sandbox could not be thawed');
      return false;
    }
    entry.isPaused = false;
    this.watch(entry);
    return true;
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #freezeIdle(): void {
    const idleSinceMs = performance.now() - FREEZE_AFTER_MS;
    for (const entry of this.#awake) {
      if (entry.leases > 0 || entry.idleSinceMs > idleSinceMs || entry.sandbox.state !== 'loaded') continue;
      this.#awake.delete(entry);
      try {
        entry.sandbox.pause();
        entry.isPaused = true;
      } catch (error) {
        this.#log.warn({ sandboxId: entry.sandbox.id, err: error }, 'an idle sandbox could not be frozen');
        this.#onBroken(entry);
      }
    }
    if (this.#awake.size === 0) this.stop();
  }
}
