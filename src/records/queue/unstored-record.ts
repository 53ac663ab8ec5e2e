import type { InvocationRecord } from '../../domain/invocation.ts';
import { LIMITS } from '../../domain/limits.ts';
import { captureBody, shouldCapture } from '../capture.ts';
import { recordSummary } from '../live/record-summary.ts';
import type { Payloads } from '../records.ts';
import { joined, newestNumber } from './joined-record.ts';

/** What a record costs in memory without its variable parts, measured and rounded up. */
const RECORD_BYTES = 3_000;
const LOG_LINE_BYTES = 120;

/** A finished record on its way to the store, with the bodies it may still capture. Making one is cheap: nothing is copied. */
export class UnstoredRecord {
  readonly record: InvocationRecord;
  /** What this entry holds in memory, about. */
  readonly bytes: number;
  #event: Uint8Array | null = null;
  #result: Uint8Array | null = null;
  #captured: InvocationRecord;

  constructor(record: InvocationRecord, payloads: Payloads | null) {
    this.record = record;
    this.#captured = record;
    let bytes = RECORD_BYTES + logBytes(record) + (record.event?.length ?? 0) + (record.result?.length ?? 0);
    if (payloads !== null && shouldCapture(payloads.capture, record.trigger, record.outcome)) {
      this.#event = withinCap(payloads.event);
      this.#result = withinCap(payloads.result);
      bytes += (this.#event?.byteLength ?? 0) + (this.#result?.byteLength ?? 0);
    }
    this.bytes = bytes;
  }

  /**
   * The record with its bodies captured: the work a call's reply must not wait for. Repeating is free. They go into a copy,
   * as the live feed holds on to the record for long.
   */
  captured(): InvocationRecord {
    if (this.#event === null && this.#result === null) return this.#captured;
    const { record } = this;
    const event = this.#event === null ? record.event : captureBody(this.#event, LIMITS.captureMaxBytes);
    const result = this.#result === null ? record.result : captureBody(this.#result, LIMITS.captureMaxBytes);
    this.#captured = { ...record, event, result };
    this.#event = null;
    this.#result = null;
    return this.#captured;
  }

  /** Whether it already has everything that `record` tells. */
  holds(record: InvocationRecord): boolean {
    return record.attempts.every(({ number }) => this.record.attempts.some((mine) => mine.number === number));
  }

  /** This attempt and those of the same invocation that still wait to be stored, in whatever order they came. */
  joinedTo(waiting: UnstoredRecord): UnstoredRecord {
    const [mine, others] = [this.captured(), waiting.captured()];
    const isNewer = newestNumber(mine) >= newestNumber(others);
    return new UnstoredRecord(isNewer ? joined(mine, others) : joined(others, mine), null);
  }

  /** The same without logs and bodies, for when memory is short; the cut is marked. */
  bare(): UnstoredRecord {
    const summary = recordSummary(this.record);
    for (const attempt of summary.attempts) attempt.logsTruncated = true;
    return new UnstoredRecord(summary, null);
  }
}

function withinCap(body: Uint8Array | null): Uint8Array | null {
  return body === null || body.byteLength > LIMITS.captureMaxBytes ? null : body;
}

function logBytes(record: InvocationRecord): number {
  let bytes = 0;
  for (const attempt of record.attempts) {
    for (const line of attempt.logs) bytes += LOG_LINE_BYTES + line.text.length;
  }
  return bytes;
}
