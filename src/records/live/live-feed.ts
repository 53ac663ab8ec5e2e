import type { LiveEvent } from '../records.ts';
import { recordAsBegun, recordSummary } from './record-summary.ts';

export const LIVE_TOPICS = ['invocations', 'logs', 'pool', 'host'] as const;
export type LiveTopic = (typeof LIVE_TOPICS)[number];

/** What a listener asks for. */
export interface LiveSubscription {
  topics: ReadonlySet<LiveTopic>;
  /** `Last-Event-ID`: resume after it. Null means only what comes from now on. */
  afterId: number | null;
  /** Only invocations and logs of this function; pool and host are not filtered. */
  functionId?: string;
  /** Only invocations and logs of this workspace. */
  workspaceId?: string;
}

/** One event of the feed. Ids rise by one, over restarts too; events a listener filters out leave holes in what it sees. */
export interface LiveEntry {
  id: number;
  /** Records in it are summaries, made on first use. */
  readonly event: LiveEvent;
  /** The event as one line of JSON, made on first use and shared by all listeners. */
  json(): string;
}

/**
 * Events from `fromId` to `toId` are gone from the buffer. When `toId` is below `fromId`, it is not known what is
 * missing.
 */
export interface LiveGap {
  fromId: number;
  toId: number;
}

/** Events kept for listeners that come back: about a minute of a busy server. */
const BUFFER_EVENTS_MAX = 2_000;
/** The buffer is bounded in bytes too, as records carry up to 256 KiB of logs each. */
const BUFFER_BYTES_MAX = 8 * 1024 * 1024;
/** What an event costs besides its variable texts, in bytes. */
const EVENT_BYTES = 3_000;
/** Events are still kept this long for a return, after somebody last listened or asked where the feed stands. */
const KEPT_FOR_RETURN_MS = 5 * 60_000;
/** Open listeners. More of them would slow every call. */
export const LISTENERS_MAX = 200;

/**
 * The live feed: publishes to listeners at once and keeps a bounded tail, so that a browser which lost its connection
 * resumes where it was or learns that there is a gap. Publishing is synchronous and never throws; a listener that throws
 * is dropped. While nobody listens or may come back nothing is kept: what lives a second longer than its call costs the garbage
 * collector more than the call did. How a slow reader is dropped is the HTTP side's affair: the feed holds nothing per listener but its callback.
 */
export class LiveFeed {
  readonly #ring: (Entry | undefined)[] = new Array(BUFFER_EVENTS_MAX);
  readonly #listeners = new Set<Listener>();
  readonly #onChange = new Set<() => void>();
  /** Entries oldestId (included) to nextId (excluded) are in the ring, each at its id modulo the ring's length. */
  #oldestId: number;
  #nextId: number;
  #bytes = 0;
  readonly #now: () => number;
  /** Monotonic ms. Until then events are kept even when nobody listens. */
  #keptUntilMs = Number.NEGATIVE_INFINITY;

  /** `firstId` must exceed every id of an earlier life; the default, milliseconds times a thousand, does. */
  constructor(firstId: number = Date.now() * 1000, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#oldestId = firstId;
    this.#nextId = firstId;
  }

  /** True when somebody listens to that topic: producers of costly samples ask first. */
  hasListeners(topic: LiveTopic): boolean {
    for (const listener of this.#listeners) if (listener.topics.has(topic)) return true;
    return false;
  }

  /** Calls back whenever listeners came or went; the return value stops that. */
  onListenersChanged(callback: () => void): () => void {
    this.#onChange.add(callback);
    return () => this.#onChange.delete(callback);
  }

  /**
   * Of a call it keeps the record itself and makes the summary only for whoever looks: mostly nobody does. The record may
   * still change between its `began` and its `finished`, not after that.
   */
  publish(event: LiveEvent): void {
    if (this.#listeners.size === 0 && this.#now() >= this.#keptUntilMs) {
      this.#nextId++;
      if (this.#bytes > 0) this.#forget();
      else this.#oldestId = this.#nextId;
      return;
    }
    const entry = new Entry(this.#nextId++, event);
    if (entry.id - this.#oldestId >= BUFFER_EVENTS_MAX) this.#dropOldest();
    this.#ring[entry.id % BUFFER_EVENTS_MAX] = entry;
    this.#bytes += entry.bytes;
    while (this.#bytes > BUFFER_BYTES_MAX) this.#dropOldest();
    for (const listener of this.#listeners) if (wants(listener, event)) this.#deliver(listener, entry);
  }

  /**
   * First delivers what is kept after `afterId` (or one `onGap`, then what is left of it), then everything new, in
   * order. Null when there are already too many listeners. The return value ends it; safe to repeat.
   */
  subscribe(
    subscription: LiveSubscription,
    onEvent: (entry: LiveEntry) => void,
    onGap: (gap: LiveGap) => void,
  ): (() => void) | null {
    if (this.#listeners.size >= LISTENERS_MAX) return null;
    this.#keepForReturn();
    const listener: Listener = { ...subscription, onEvent };
    if (subscription.afterId !== null) this.#replay(listener, subscription.afterId, onGap);
    this.#listeners.add(listener);
    this.#changed();
    return () => {
      if (!this.#listeners.delete(listener)) return;
      this.#keepForReturn();
      this.#changed();
    };
  }

  /** Id of the newest event published so far. Whoever asks may subscribe from there, so events are kept from now on. */
  get latestId(): number {
    this.#keepForReturn();
    return this.#nextId - 1;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** What the buffer holds, for metrics and tests. */
  get buffered(): { events: number; bytes: number } {
    return { events: this.#nextId - this.#oldestId, bytes: this.#bytes };
  }

  #replay(listener: Listener, afterId: number, onGap: (gap: LiveGap) => void): void {
    const isForeign = afterId >= this.#nextId;
    const fromId = isForeign ? this.#oldestId : Math.max(afterId + 1, this.#oldestId);
    if (isForeign || afterId + 1 < this.#oldestId) onGap({ fromId: Math.min(afterId + 1, fromId), toId: fromId - 1 });
    for (let id = fromId; id < this.#nextId; id++) {
      const entry = this.#ring[id % BUFFER_EVENTS_MAX];
      if (entry !== undefined && wants(listener, entry.source)) listener.onEvent(entry);
    }
  }

  #deliver(listener: Listener, entry: Entry): void {
    try {
      listener.onEvent(entry);
    } catch {
      // A broken listener must not break the call being recorded. Its connection is gone, so nobody is left to tell.
      this.#listeners.delete(listener);
      this.#changed();
    }
  }

  #dropOldest(): void {
    const slot = this.#oldestId++ % BUFFER_EVENTS_MAX;
    this.#bytes -= this.#ring[slot]?.bytes ?? 0;
    this.#ring[slot] = undefined;
  }

  #keepForReturn(): void {
    this.#keptUntilMs = this.#now() + KEPT_FOR_RETURN_MS;
  }

  #forget(): void {
    this.#ring.fill(undefined);
    this.#bytes = 0;
    this.#oldestId = this.#nextId;
  }

  #changed(): void {
    for (const callback of this.#onChange) callback();
  }
}

interface Listener extends LiveSubscription {
  onEvent: (entry: LiveEntry) => void;
}

class Entry implements LiveEntry {
  readonly id: number;
  /** As published. */
  readonly source: LiveEvent;
  readonly bytes: number;
  #event: LiveEvent | null = null;
  #json: string | null = null;

  constructor(id: number, source: LiveEvent) {
    this.id = id;
    this.source = source;
    this.bytes = EVENT_BYTES + variableBytes(source);
  }

  get event(): LiveEvent {
    this.#event ??= shownEvent(this.source);
    return this.#event;
  }

  json(): string {
    this.#json ??= JSON.stringify(this.event);
    return this.#json;
  }
}

/** Somebody who resumes sees a call's beginning as it was, though it may have ended since. */
function shownEvent(event: LiveEvent): LiveEvent {
  if (event.topic !== 'invocations') return event;
  const { topic, kind, record } = event;
  return { topic, kind, record: kind === 'began' ? recordAsBegun(record) : recordSummary(record) };
}

/**
 * Length of the texts that vary widely; the made JSON is about as long again, which EVENT_BYTES allows for. A record's output
 * counts with the `logs` event behind it, which leaves the buffer later and holds the same lines.
 */
function variableBytes(event: LiveEvent): number {
  let bytes = 0;
  if (event.topic === 'logs') {
    for (const line of event.lines) bytes += 80 + line.text.length;
  } else if (event.topic === 'invocations') {
    for (const { error } of event.record.attempts) {
      if (error === null) continue;
      bytes += error.errorMessage.length;
      for (const line of error.stackTrace) bytes += line.length;
    }
  }
  return 2 * bytes;
}

function wants(listener: Listener, event: LiveEvent): boolean {
  if (!listener.topics.has(event.topic)) return false;
  if ('data' in event) return true;
  const functionId = event.topic === 'logs' ? event.functionId : event.record.functionId;
  const workspaceId = event.topic === 'logs' ? event.workspaceId : event.record.workspaceId;
  if (listener.functionId !== undefined && listener.functionId !== functionId) return false;
  return listener.workspaceId === undefined || listener.workspaceId === workspaceId;
}
