import type { Log } from '../../domain/log.ts';
import type { Change, ChangesTable, ChangeTopic } from '../contract/changes.ts';

/** How late a change made by another server may be seen. A change by this server is in its memory at once. */
const POLL_MS = 1_000;

/** What keeps something in memory in step with the store. */
export interface Follower {
  /** Brings memory up to what the store now says of this row. It may be told twice, and of what it already knows. */
  apply(change: Change): Promise<void>;
  /** Brings all of memory up to what the store says, because changes were missed. */
  reload(): Promise<void>;
}

export interface ChangeFollowerOptions {
  changes: ChangesTable;
  log: Log;
  pollMs?: number;
}

/**
 * Follows the change feed for everything this server holds in memory. `open` notes where the feed stands. Memory may be
 * loaded only after that, so that no change falls in between. A change that cannot be applied is tried again at the
 * next turn, and those behind it wait: memory never skips a change.
 */
export class ChangeFollower {
  readonly #changes: ChangesTable;
  readonly #log: Log;
  readonly #pollMs: number;
  readonly #followers = new Map<ChangeTopic, Follower>();
  #seq: number;
  #running: Promise<void> | null = null;
  #queued: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isFailing = false;

  private constructor({ changes, log, pollMs = POLL_MS }: ChangeFollowerOptions, seq: number) {
    this.#changes = changes;
    this.#log = log;
    this.#pollMs = pollMs;
    this.#seq = seq;
  }

  /** Called before anything is loaded into memory. Rejects as the store does. */
  static async open(options: ChangeFollowerOptions): Promise<ChangeFollower> {
    return new ChangeFollower(options, await options.changes.lastSeq());
  }

  follow(topic: ChangeTopic, follower: Follower): void {
    this.#followers.set(topic, follower);
  }

  /** Begins to poll. Called once memory is loaded; safe to repeat. */
  start(): void {
    this.#timer ??= setTimeout(() => void this.#poll(), this.#pollMs).unref();
  }

  /** Ends the polling, after a turn that is under way. Safe to repeat. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await (this.#queued ?? this.#running)?.catch(() => undefined);
  }

  /**
   * Resolves when memory holds everything that was committed before the call; rejects as the store does. Callers at the same
   * moment share one read. Never call it while holding a lock that a follower takes.
   */
  catchUp(): Promise<void> {
    if (this.#running === null) return this.#run();
    this.#queued ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#queued = null;
        return this.#run();
      });
    return this.#queued;
  }

  #run(): Promise<void> {
    const running = this.#readAll().finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const { changes, lastSeq, isGap } = await this.#changes.since(this.#seq);
      if (isGap) {
        this.#log.warn({ fromSeq: this.#seq, lastSeq }, 'changes were missed: everything is read anew');
        for (const follower of this.#followers.values()) await follower.reload();
        this.#seq = lastSeq;
      }
      if (changes.length === 0) return;
      for (const change of changes) {
        await this.#followers.get(change.topic)?.apply(change);
        this.#seq = change.seq;
      }
    }
  }

  async #poll(): Promise<void> {
    try {
      await this.catchUp();
      if (this.#isFailing) this.#log.info({}, 'the change feed is followed again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.warn({ err: error }, 'the change feed cannot be followed');
      this.#isFailing = true;
    }
    if (this.#timer !== null) this.#timer = setTimeout(() => void this.#poll(), this.#pollMs).unref();
  }
}
