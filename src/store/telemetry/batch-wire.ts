import type {
  AttemptRecord,
  FunctionError,
  InvocationRecord,
  LogLine,
  Receipt,
  Usage,
} from '../../domain/invocation.ts';
import type { RefusalCount, TelemetryBatch } from '../telemetry-store.ts';

type Cell = string | number | boolean | null;

/**
 * A batch on its way to the worker: one flat list of plain values, each record's and attempt's fields in a fixed order.
 * Texts that repeat (names, ids of functions and sandboxes, receipts) are sent once and named by their place in `texts`.
 * Copying that between threads costs a fifth of copying the objects, on both sides.
 */
export interface PackedBatch {
  texts: string[];
  cells: Cell[];
  records: number;
  refusals: RefusalCount[];
}

/** Place of a text that is null. */
const NO_TEXT = -1;

/** Receipts are shared by all calls of a sandbox, so that each is put into words once. */
const receiptTexts = new WeakMap<Receipt, string>();

export function packBatch(batch: TelemetryBatch): PackedBatch {
  const packer = new Packer();
  for (const record of batch.records) packer.record(record);
  return { texts: packer.texts, cells: packer.cells, records: batch.records.length, refusals: batch.refusals };
}

export function unpackBatch(packed: PackedBatch): TelemetryBatch {
  const unpacker = new Unpacker(packed);
  const records: InvocationRecord[] = [];
  for (let index = 0; index < packed.records; index++) records.push(unpacker.record());
  return { records, refusals: packed.refusals };
}

class Packer {
  readonly texts: string[] = [];
  readonly cells: Cell[] = [];
  readonly #places = new Map<string, number>();

  record(record: InvocationRecord): void {
    this.cells.push(
      record.id,
      this.#text(record.workspaceId),
      this.#text(record.functionId),
      this.#text(record.functionName),
      this.#text(record.mode),
      this.#text(record.trigger),
      this.#text(record.state),
      this.#text(record.outcome),
      this.#text(record.isolation),
      this.#text(record.start),
      this.#text(record.startedAt),
      this.#text(record.finishedAt),
      record.durationMs,
      record.eventBytes,
      record.resultBytes,
      record.event,
      record.result,
      record.attempts.length,
    );
    for (const attempt of record.attempts) this.#attempt(attempt);
  }

  #attempt(attempt: AttemptRecord): void {
    const { phases, usage, receipt, error, logs } = attempt;
    this.cells.push(
      attempt.number,
      this.#text(attempt.revisionId),
      this.#text(attempt.runtime),
      this.#text(attempt.sandboxId),
      this.#text(attempt.startedAt),
      this.#text(attempt.outcome),
      this.#text(attempt.code),
      this.#text(attempt.start),
      this.#text(attempt.startReason),
      phases.queueMs,
      phases.claimMs,
      phases.loadMs,
      phases.importMs,
      phases.handlerMs,
      phases.totalMs,
      usage.cpuMs,
      usage.maxMemoryMib,
      this.#text(usage.peakScope),
      this.#text(usage.source),
      usage.shared,
      receipt === null ? NO_TEXT : this.#text(receiptText(receipt)),
      error === null ? null : JSON.stringify(error),
      attempt.logsTruncated,
      attempt.clientGone,
      logs.length,
    );
    for (const line of logs) this.cells.push(this.#text(line.at), this.#text(line.stream), line.text);
  }

  #text(text: string | null): number {
    if (text === null) return NO_TEXT;
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.texts.push(text) - 1;
    this.#places.set(text, place);
    return place;
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

/** Reads in the order in which the packer wrote. */
class Unpacker {
  readonly #texts: string[];
  readonly #cells: Cell[];
  readonly #receipts = new Map<number, Receipt>();
  #at = 0;

  constructor({ texts, cells }: PackedBatch) {
    this.#texts = texts;
    this.#cells = cells;
  }

  record(): InvocationRecord {
    return {
      id: this.#cell(),
      workspaceId: this.#text(),
      functionId: this.#text(),
      functionName: this.#text(),
      mode: this.#text(),
      trigger: this.#text(),
      state: this.#text(),
      outcome: this.#text(),
      isolation: this.#text(),
      start: this.#text(),
      startedAt: this.#text(),
      finishedAt: this.#text(),
      durationMs: this.#cell(),
      eventBytes: this.#cell(),
      resultBytes: this.#cell(),
      event: this.#cell(),
      result: this.#cell(),
      attempts: this.#each(() => this.#attempt()),
    };
  }

  #attempt(): AttemptRecord {
    return {
      number: this.#cell(),
      revisionId: this.#text(),
      runtime: this.#text(),
      sandboxId: this.#text(),
      startedAt: this.#text(),
      outcome: this.#text(),
      code: this.#text(),
      start: this.#text(),
      startReason: this.#text(),
      phases: {
        queueMs: this.#cell(),
        claimMs: this.#cell(),
        loadMs: this.#cell(),
        importMs: this.#cell(),
        handlerMs: this.#cell(),
        totalMs: this.#cell(),
      },
      usage: this.#usage(),
      receipt: this.#receipt(),
      error: this.#error(),
      logsTruncated: this.#cell(),
      clientGone: this.#cell(),
      logs: this.#each(() => this.#line()),
    };
  }

  #usage(): Usage {
    return {
      cpuMs: this.#cell(),
      maxMemoryMib: this.#cell(),
      peakScope: this.#text(),
      source: this.#text(),
      shared: this.#cell(),
    };
  }

  #line(): LogLine {
    return { at: this.#text(), stream: this.#text(), text: this.#cell() };
  }

  #receipt(): Receipt | null {
    const place = this.#cell<number>();
    if (place === NO_TEXT) return null;
    let receipt = this.#receipts.get(place);
    if (receipt === undefined) {
      receipt = JSON.parse(this.#texts[place]!) as Receipt;
      this.#receipts.set(place, receipt);
    }
    return receipt;
  }

  #error(): FunctionError | null {
    const text = this.#cell<string | null>();
    return text === null ? null : JSON.parse(text);
  }

  #each<T>(read: () => T): T[] {
    const count = this.#cell<number>();
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }

  /** The next value; that it is of the wanted type is the packer's promise. */
  #cell<T extends Cell>(): T {
    return this.#cells[this.#at++] as T;
  }

  #text<T extends string | null>(): T {
    const place = this.#cell<number>();
    return (place === NO_TEXT ? null : this.#texts[place]) as T;
  }
}
