import type { Asker } from '../../domain/asker.ts';
import type { InvocationRecord } from '../../domain/invocation.ts';
import type { Log } from '../../domain/log.ts';
import type { InvocationQuery, LogQuery, StoredLogLine, TelemetryStore } from '../../store/telemetry-store.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import type { Payloads, Records, Refusal } from '../records.ts';
import { RefusalCounters } from '../refusal-counters.ts';
import { BatchWriter } from './batch-writer.ts';
import { hasEarlier, joined } from './joined-record.ts';
import { mergePage } from './merge-page.ts';
import { UnstoredRecord } from './unstored-record.ts';

/** Records that may wait or run. Above this, admission refuses with `records_backlog`. */
const ROWS_MAX = 20_000;
/** The same bound in bytes, as one record may carry 256 KiB of logs and 128 KiB of bodies. */
const BYTES_MAX = 64 * 1024 * 1024;
/** Calls already admitted end above BYTES_MAX too; above this their logs and bodies are dropped, the record is kept. */
const BYTES_HARD_MAX = 96 * 1024 * 1024;
/** A crash loses at most what came in this long. A full batch goes at once: objects that live long cost the garbage collector most. */
const FLUSH_EVERY_MS = 250;
/** The store's own bound. Handing a batch to the worker holds the serving thread: this many take about half a millisecond. */
const BATCH_ROWS_MAX = 500;
const BATCH_BYTES_MAX = 2 * 1024 * 1024;
/** A reader of logs waits this long for what is queued to be stored; under steady load or with a dead disk it gets what is there. */
const FRESH_LOGS_DEADLINE_MS = 1_000;
/** In all, a graceful stop waits this long for the store. */
const STOP_DEADLINE_MS = 10_000;

export interface RecordsOptions {
  store: Pick<TelemetryStore, 'append' | 'invocation' | 'invocations' | 'logs'>;
  feed: LiveFeed;
  log: Log;
  /** Counts calls for Prometheus. */
  counters?: CallCounters;
}

export interface CallCounters {
  ended(record: InvocationRecord): void;
  refused(refusal: Refusal): void;
}

export interface RecordsStats {
  queued: number;
  queuedBytes: number;
  running: number;
  /** Records and refusals given up since the start. */
  lost: number;
}

/**
 * The way of an ended attempt into the store. `ended` only puts its record into a map; a timer hands small batches to the
 * store worker, one at a time, and an entry leaves the map when its batch is durable, so what is not yet stored is readable
 * all the while. A second attempt of an invocation whose first still waits joins it there. The store ignores an attempt it has
 * seen, so no retry counts one twice.
 */
export class RecordsQueue implements Records {
  readonly #store: RecordsOptions['store'];
  readonly #feed: LiveFeed;
  readonly #writer: BatchWriter;
  readonly #counters: CallCounters | null;
  readonly #running = new Map<string, InvocationRecord>();
  readonly #unstored = new Map<string, UnstoredRecord>();
  readonly #refusals = new RefusalCounters();
  #unstoredBytes = 0;
  /** Refusals above what the counters hold. */
  #uncounted = 0;
  #timer: NodeJS.Timeout | null = null;
  #draining: Promise<void> | null = null;
  #isStopped = false;

  constructor(options: RecordsOptions) {
    this.#store = options.store;
    this.#feed = options.feed;
    this.#writer = new BatchWriter(options.store, options.log);
    this.#counters = options.counters ?? null;
  }

  get accepting(): boolean {
    const rows = this.#unstored.size + this.#running.size;
    return rows < ROWS_MAX && this.#unstoredBytes < BYTES_MAX && !this.#isStopped;
  }

  began(record: InvocationRecord): void {
    this.#running.set(record.id, record);
    this.#feed.publish({ topic: 'invocations', kind: 'began', record });
  }

  ended(record: InvocationRecord, payloads: Payloads): void {
    this.#running.delete(record.id);
    let entry = new UnstoredRecord(record, payloads);
    const waiting = this.#unstored.get(record.id);
    if (waiting !== undefined) {
      if (waiting.holds(record)) return;
      entry = entry.joinedTo(waiting);
      this.#unstoredBytes -= waiting.bytes;
    }
    if (this.#unstoredBytes + entry.bytes > BYTES_HARD_MAX) entry = entry.bare();
    this.#unstored.set(record.id, entry);
    this.#unstoredBytes += entry.bytes;
    // A draft that was only tried says nothing of the function, so it is in no rate.
    if (record.trigger !== 'try') this.#counters?.ended(record);
    this.#publish(record);
    this.#schedule();
  }

  refused(refusal: Refusal): void {
    const begun = this.#running.get(refusal.id);
    if (begun !== undefined) {
      // It was shown as running, so whoever watches must see it end, although it is only counted.
      this.#running.delete(refusal.id);
      this.#feed.publish({ topic: 'invocations', kind: 'finished', record: begun });
    }
    this.#counters?.refused(refusal);
    if (!this.#refusals.add(refusal, new Date())) this.#uncounted++;
    this.#schedule();
  }

  withdrawn(record: InvocationRecord): void {
    this.#running.delete(record.id);
    // It was shown as running, so whoever watches must see that it waits again.
    this.#feed.publish({ topic: 'invocations', kind: 'finished', record });
  }

  async get(workspaceId: string, id: string, asker?: Asker): Promise<InvocationRecord | null> {
    const unstored = this.#unstored.get(id)?.captured();
    const newest = this.#running.get(id) ?? unstored;
    if (newest === undefined) return this.#store.invocation(workspaceId, id, asker);
    if (newest.workspaceId !== workspaceId) return null;
    const record = unstored === undefined || unstored === newest ? newest : joined(newest, unstored);
    const stored = hasEarlier(record) ? await this.#store.invocation(workspaceId, id, asker) : null;
    return stored === null ? record : joined(record, stored);
  }

  async list(query: InvocationQuery, asker?: Asker): Promise<{ items: InvocationRecord[]; nextCursor: string | null }> {
    // Taken before the store is asked: a record stored in between is then seen twice, never missed.
    const inMemory = [...[...this.#unstored.values()].map((entry) => entry.record), ...this.#running.values()];
    return mergePage(inMemory, await this.#store.invocations(query, asker), query);
  }

  async logs(query: LogQuery, asker?: Asker): Promise<{ items: StoredLogLine[]; nextCursor: string | null }> {
    // Only the store cuts, searches and pages lines, so queued output goes there first.
    if (this.#holdsLogsOf(query.functionId)) await this.#drainFor(FRESH_LOGS_DEADLINE_MS);
    return this.#store.logs(query, asker);
  }

  async flush(): Promise<void> {
    while (this.#unstored.size > 0 || this.#refusals.size > 0) {
      this.#draining ??= this.#drain();
      await this.#draining;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const deadline = setTimeout(() => this.#writer.giveUp(), STOP_DEADLINE_MS);
    try {
      await this.flush();
    } finally {
      clearTimeout(deadline);
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
    }
  }

  stats(): RecordsStats {
    return {
      queued: this.#unstored.size,
      queuedBytes: this.#unstoredBytes,
      running: this.#running.size,
      lost: this.#writer.lost + this.#uncounted,
    };
  }

  #publish(record: InvocationRecord): void {
    this.#feed.publish({ topic: 'invocations', kind: 'finished', record });
    const logs = record.attempts.at(-1)?.logs ?? [];
    if (logs.length === 0) return;
    const { workspaceId, functionId, functionName, id: invocationId } = record;
    this.#feed.publish({ topic: 'logs', workspaceId, functionId, functionName, invocationId, lines: logs });
  }

  #schedule(): void {
    if (this.#draining !== null) return;
    if (this.#unstored.size >= BATCH_ROWS_MAX) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.#draining = this.#drain();
      return;
    }
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#draining ??= this.#drain();
    }, FLUSH_EVERY_MS);
  }

  /** Never rejects: what cannot be stored is counted as lost and logged. */
  async #drain(): Promise<void> {
    try {
      await this.#writer.writeRefusals(this.#refusals.take());
      for (let batch = this.#nextBatch(); batch.length > 0; batch = this.#nextBatch()) {
        await this.#writer.writeRecords(batch.map((entry) => entry.captured()));
        for (const entry of batch) this.#forget(entry);
      }
    } finally {
      this.#draining = null;
      if (this.#unstored.size > 0 || this.#refusals.size > 0) this.#schedule();
    }
  }

  #holdsLogsOf(functionId: string): boolean {
    for (const { record } of this.#unstored.values())
      if (record.functionId === functionId && record.attempts.some(({ logs }) => logs.length > 0)) return true;
    return false;
  }

  async #drainFor(deadlineMs: number): Promise<void> {
    this.#draining ??= this.#drain();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([this.#draining, deadline]);
    clearTimeout(timer);
  }

  #nextBatch(): UnstoredRecord[] {
    const batch: UnstoredRecord[] = [];
    let bytes = 0;
    for (const entry of this.#unstored.values()) {
      batch.push(entry);
      bytes += entry.bytes;
      if (batch.length >= BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX) break;
    }
    return batch;
  }

  #forget(entry: UnstoredRecord): void {
    const { id } = entry.record;
    // Joined by a later attempt meanwhile: that entry goes with the next batch.
    if (this.#unstored.get(id) !== entry) return;
    this.#unstored.delete(id);
    this.#unstoredBytes -= entry.bytes;
  }
}
