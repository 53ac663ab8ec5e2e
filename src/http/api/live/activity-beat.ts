import { isFailed } from '../../../domain/failure.ts';
import type { LiveEntry } from '../../../records/live/live-feed.ts';
import type { SseStream } from '../../serving/replies/sse-stream.ts';

/**
 * Longer than records wait before they are stored, so whoever reads figures at a beat finds the calls that it tells of.
 */
const BEAT_MS = 500;

/**
 * The `activity` topic of one stream: how many invocations have finished since the last beat, at most twice a second.
 * It serves pages that show figures. On a busy server the calls themselves would be thousands of events a second.
 */
export class ActivityBeat {
  readonly #stream: SseStream;
  #timer: NodeJS.Timeout | null = null;
  #finished = 0;
  #failed = 0;
  #lastId = 0;

  constructor(stream: SseStream) {
    this.#stream = stream;
  }

  count({ id, event }: LiveEntry): void {
    if (event.topic !== 'invocations' || event.kind !== 'finished') return;
    this.#finished++;
    const { outcome, trigger } = event.record;
    if (outcome !== null && isFailed(outcome) && trigger !== 'try') this.#failed++;
    this.#lastId = id;
    this.#timer ??= setTimeout(() => this.#beat(), BEAT_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #beat(): void {
    this.#timer = null;
    const data = JSON.stringify({ finished: this.#finished, failed: this.#failed });
    this.#finished = 0;
    this.#failed = 0;
    this.#stream.send('activity', data, this.#lastId);
  }
}
