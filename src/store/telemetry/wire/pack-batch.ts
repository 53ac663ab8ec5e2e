import type { AttemptRecord, InvocationRecord, Receipt } from '../../../domain/invocation.ts';
import type { RefusalCount, TelemetryBatch } from '../../telemetry-store.ts';

/**
 * A batch on its way to the worker: one flat list of numbers, each record's, attempt's and line's fields in a fixed order.
 * A text is the number of its place in `texts`, where those that repeat (names, ids of functions and sandboxes, receipts)
 * stand once. Copying that between threads costs a tenth of copying the objects, on both sides.
 */
export interface PackedBatch {
  texts: string[];
  cells: Float64Array<ArrayBuffer>;
  records: number;
  refusals: RefusalCount[];
}

/** Place of a text that is null. */
export const NO_TEXT = -1;
/** Numbers that one of each takes; the packer fails when it writes more. */
const CELLS_PER_RECORD = 18;
const CELLS_PER_ATTEMPT = 25;
const CELLS_PER_LINE = 3;

/** Receipts are shared by all calls of a sandbox, so that each is put into words once. */
const receiptTexts = new WeakMap<Receipt, string>();

export function packBatch(batch: TelemetryBatch): PackedBatch {
  const packer = new Packer(cellCount(batch.records));
  for (const record of batch.records) packer.record(record);
  return { texts: packer.texts, cells: packer.cells, records: batch.records.length, refusals: batch.refusals };
}

function cellCount(records: InvocationRecord[]): number {
  let count = 0;
  for (const { attempts } of records) {
    count += CELLS_PER_RECORD + attempts.length * CELLS_PER_ATTEMPT;
    for (const { logs } of attempts) count += logs.length * CELLS_PER_LINE;
  }
  return count;
}

class Packer {
  readonly texts: string[] = [];
  readonly cells: Float64Array<ArrayBuffer>;
  readonly #places = new Map<string, number>();
  #at = 0;

  constructor(cells: number) {
    this.cells = new Float64Array(cells);
  }

  record(record: InvocationRecord): void {
    this.#ownText(record.id);
    this.#text(record.workspaceId);
    this.#text(record.functionId);
    this.#text(record.functionName);
    this.#text(record.mode);
    this.#text(record.trigger);
    this.#text(record.state);
    this.#text(record.outcome);
    this.#text(record.isolation);
    this.#text(record.start);
    this.#text(record.startedAt);
    this.#text(record.finishedAt);
    this.#number(record.durationMs);
    this.#number(record.eventBytes);
    this.#number(record.resultBytes);
    this.#ownText(record.event);
    this.#ownText(record.result);
    this.#number(record.attempts.length);
    for (const attempt of record.attempts) this.#attempt(attempt);
  }

  #attempt(attempt: AttemptRecord): void {
    const { phases, usage, receipt, error, logs } = attempt;
    this.#number(attempt.number);
    this.#text(attempt.revisionId);
    this.#text(attempt.runtime);
    this.#text(attempt.sandboxId);
    this.#text(attempt.startedAt);
    this.#text(attempt.outcome);
    this.#text(attempt.code);
    this.#text(attempt.start);
    this.#text(attempt.startReason);
    this.#number(phases.queueMs);
    this.#number(phases.claimMs);
    this.#number(phases.loadMs);
    this.#number(phases.importMs);
    this.#number(phases.handlerMs);
    this.#number(phases.totalMs);
    this.#number(usage.cpuMs);
    this.#number(usage.maxMemoryMib);
    this.#text(usage.peakScope);
    this.#text(usage.source);
    this.#flag(usage.shared);
    this.#text(receipt && receiptText(receipt));
    this.#ownText(error && JSON.stringify(error));
    this.#flag(attempt.logsTruncated);
    this.#flag(attempt.clientGone);
    this.#number(logs.length);
    for (const line of logs) {
      this.#text(line.at);
      this.#text(line.stream);
      this.#ownText(line.text);
    }
  }

  /** A number that is null is none. */
  #number(value: number | null): void {
    if (this.#at >= this.cells.length) throw new RangeError('a record has more fields than the packer counted');
    this.cells[this.#at++] = value ?? Number.NaN;
  }

  #flag(value: boolean): void {
    this.#number(value ? 1 : 0);
  }

  /** A text that hardly repeats: looking for it would be in vain. */
  #ownText(text: string | null): void {
    this.#number(text === null ? NO_TEXT : this.texts.push(text) - 1);
  }

  #text(text: string | null): void {
    if (text === null) {
      this.#number(NO_TEXT);
      return;
    }
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.texts.push(text) - 1;
      this.#places.set(text, place);
    }
    this.#number(place);
  }
}

function receiptText(receipt: Receipt): string {
  let text = receiptTexts.get(receipt);
  if (text === undefined) {
    text = JSON.stringify(receipt);
    receiptTexts.set(receipt, text);
  }
  return text;
}
