import { setTimeout as delay } from 'node:timers/promises';
import type { InvocationRecord } from '../../domain/invocation.ts';
import type { Log } from '../../domain/log.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { RefusalCount, TelemetryStore } from '../../store/telemetry-store.ts';

/** About 6 s of tries. Then the batch is lost, because otherwise a dead disk would refuse calls for good. */
const ATTEMPTS_MAX = 6;
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 2_000;

/**
 * Hands batches to the store and never rejects. What cannot be stored is tried again, then counted as lost and logged.
 */
export class BatchWriter {
  readonly #store: Pick<TelemetryStore, 'append'>;
  readonly #log: Log;
  readonly #giveUp = new AbortController();
  #lost = 0;

  constructor(store: Pick<TelemetryStore, 'append'>, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Records and refusals given up so far. */
  get lost(): number {
    return this.#lost;
  }

  async writeRecords(records: InvocationRecord[]): Promise<void> {
    const failure = await this.#appendWithRetries(records);
    if (failure === null) return;
    if (isStorageFailure(failure) || records.length === 1) {
      this.#lose(records.length, failure);
      return;
    }
    // A defect in one record must not take its neighbours along.
    for (const record of records) await this.writeRecords([record]);
  }

  /** Tried once only: counters have no id by which the store could recognise a repeat after an unclear failure. */
  async writeRefusals(refusals: RefusalCount[]): Promise<void> {
    if (refusals.length === 0) return;
    try {
      await this.#store.append({ records: [], refusals });
    } catch (error) {
      const count = refusals.reduce((sum, refusal) => sum + refusal.count, 0);
      this.#lose(count, error);
    }
  }

  #lose(count: number, cause: unknown): void {
    this.#lost += count;
    this.#log.error({ count, err: cause }, 'records of calls could not be stored and are lost');
  }

  /** From now on nothing is tried again: what is still handed over is lost. */
  giveUp(): void {
    this.#giveUp.abort();
  }

  /** Null when it was stored, else why not. */
  async #appendWithRetries(records: InvocationRecord[]): Promise<unknown> {
    for (let attempt = 1, waitMs = RETRY_FIRST_MS; ; attempt++) {
      if (this.#giveUp.signal.aborted) return new ColdframeError('storage_unavailable');
      try {
        await this.#store.append({ records, refusals: [] });
        return null;
      } catch (error) {
        if (!isStorageFailure(error) || attempt >= ATTEMPTS_MAX) return error;
      }
      // The wait ends early when the writer gives up. The next turn then says so.
      await delay(waitMs, undefined, { signal: this.#giveUp.signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, RETRY_LONGEST_MS);
    }
  }
}

function isStorageFailure(error: unknown): boolean {
  return error instanceof ColdframeError && error.code.startsWith('storage_');
}
